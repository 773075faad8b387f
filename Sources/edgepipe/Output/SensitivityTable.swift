import Evaluation
import Pipeline
import Settings
import Steps

/// Sensitivities for a person: a heat map of layers and roles; tensor by tensor in the other forms.
enum SensitivityTable {
    static func text(_ report: SensitivityReport, _ format: OutputFormat) -> String {
        let result = report.result
        guard format == .table else {
            return Table(
                columns: ["tensor", "type", "bytes", "KL divergence", "error", "same top %"],
                rows: result.tensors.map { tensor in
                    [
                        tensor.name, tensor.type, "\(tensor.bytes)", "\(tensor.kld)", "\(tensor.standardError)",
                        numberText(tensor.sameTopPercent, 2),
                    ]
                }
            ).text(format)
        }
        let map = SensitivityHeatMap(result)
        func cell(_ value: Double?) -> String {
            value.map { "\(map.shade(of: $0)) \(SensitivityHeatMap.figure($0))" } ?? ""
        }
        let inside = map.rows.filter { $0.cells.count == map.roles.count && Int($0.name) != nil }
        let outside = result.tensors.filter { $0.layer == nil }
        var parts: [String] = []
        if !inside.isEmpty {
            let rows = inside.map { [$0.name] + $0.cells.map(cell) }
            parts.append(Table(columns: ["layer"] + map.roles, rows: rows).plain)
        }
        if !outside.isEmpty {
            let rows = outside.map { [$0.role, cell($0.kld)] }
            parts.append(Table(columns: ["tensor", "KL divergence"], rows: rows).plain)
        }
        let types = Set(result.tensors.map(\.type)).sorted().joined(separator: ", ")
        parts.append(
            "Mean KL divergence, in nats a token, of each tensor alone in \(types), over \(result.chunks) chunks of "
                + "\(result.context) tokens. All together: \(SensitivityHeatMap.figure(result.sumOfDivergences))."
        )
        return parts.joined(separator: "\n\n")
    }
}
