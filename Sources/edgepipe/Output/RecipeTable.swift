import BinaryIO
import Recipes
import Steps

/// The best build of a size, as text.
enum RecipeTable {
    /// Returns the selected types by role, and the comparison with the best preset on each text.
    static func text(_ report: RecipeReport, _ format: OutputFormat) -> String {
        var text = roles(report).text(format) + "\n\n" + comparison(report).text(format) + "\n\n"
        text += "\(sizeText(report.bytes)) of \(sizeText(report.budget)), "
        text += "\(numberText(report.bitsPerWeight, 3)) bits a weight, "
        text += "KL divergence \(numberText(report.measuredKld, 5)), predicted \(numberText(report.predictedKld, 5))"
        if let time = report.millisecondsPerToken { text += ", about \(numberText(time, 1)) ms a token" }
        return text
    }

    /// Makes a row for each role: how many tensors have each type, and their part of the predicted divergence.
    private static func roles(_ report: RecipeReport) -> Table {
        var order: [String] = []
        var counts: [String: [String: Int]] = [:]
        var bytes: [String: Int] = [:]
        var shares: [String: Double] = [:]
        for tensor in report.tensors {
            let role = tensor.name.tensorRole
            if counts[role] == nil { order.append(role) }
            counts[role, default: [:]][tensor.type, default: 0] += 1
            bytes[role, default: 0] += tensor.bytes
            shares[role, default: 0] += tensor.kldShare
        }
        let rows = order.map { role -> [String] in
            let types = (counts[role] ?? [:]).sorted { ($0.value, $1.key) > ($1.value, $0.key) }
            let share = (shares[role] ?? 0) / max(report.predictedKld, .leastNonzeroMagnitude)
            return [
                role, types.map { "\($0.value) x \($0.key)" }.joined(separator: ", "), sizeText(bytes[role] ?? 0),
                "\(numberText(share * 100, 1)) %",
            ]
        }
        return Table(columns: ["tensors", "types", "bytes", "of the divergence"], rows: rows)
    }

    private static func comparison(_ report: RecipeReport) -> Table {
        let rows = report.texts.map { text in
            let gain = text.presetKld.map { "\(numberText((text.kld / $0 - 1) * 100, 1)) %" } ?? "-"
            return [
                text.text, "\(numberText(text.kld, 5)) ± \(numberText(text.standardError, 5))",
                numberText(text.presetKld, 5), gain, numberText(text.perplexity, 3),
                numberText(text.presetPerplexity, 3),
            ]
        }
        let preset = report.preset?.type ?? "no preset"
        return Table(
            columns: ["text", "KL divergence", preset, "change", "perplexity", "\(preset)'s"],
            rows: rows
        )
    }
}
