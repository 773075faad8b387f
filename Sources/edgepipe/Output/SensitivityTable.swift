import Evaluation
import Pipeline
import Settings
import Steps

/// Sensitivities for a human reader: a heat map of layers and roles; tensor by tensor in the other forms.
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
        let types = Set(result.tensors.map(\.type)).sorted().joined(separator: ", ")
        let footer =
            "Mean KL divergence, in nats a token, of each tensor alone in \(types), over \(result.chunks) chunks of "
            + "\(result.context) tokens. All together: \(SensitivityHeatMap.figure(result.sumOfDivergences))."
        return text(SensitivityHeatMap(result), footer)
    }

    static func text(_ report: FisherReport, _ format: OutputFormat) -> String {
        let result = report.result
        guard format == .table else {
            return Table(
                columns: ["tensor", "type", "bytes", "KL divergence"],
                rows: result.tensors.map { [$0.name, $0.type, "\($0.bytes)", "\($0.kld)"] }
            ).text(format)
        }
        let types = Set(result.tensors.map(\.type)).sorted().joined(separator: ", ")
        let footer =
            "KL divergence predicted by Fisher factors, in nats a token, of each tensor alone in \(types), from "
            + "\(result.chunks) chunks of \(result.context) tokens. All together: "
            + "\(SensitivityHeatMap.figure(result.sumOfDivergences))."
        return text(SensitivityHeatMap(result), footer)
    }

    /// Returns layers and roles in a table, tensors outside the layers in another, and a footer.
    private static func text(_ map: SensitivityHeatMap, _ footer: String) -> String {
        func cell(_ value: Double?) -> String {
            value.map { "\(map.shade(of: $0)) \(SensitivityHeatMap.figure($0))" } ?? ""
        }
        let inside = map.rows.filter { Int($0.name) != nil }
        let outside = map.rows.filter { Int($0.name) == nil }
        var parts: [String] = []
        if !inside.isEmpty {
            let rows = inside.map { [$0.name] + $0.cells.map(cell) }
            parts.append(Table(columns: ["layer"] + map.roles, rows: rows).plain)
        }
        if !outside.isEmpty {
            let rows = outside.map { [$0.name, cell($0.cells.first ?? nil)] }
            parts.append(Table(columns: ["tensor", "KL divergence"], rows: rows).plain)
        }
        return (parts + [footer]).joined(separator: "\n\n")
    }
}
