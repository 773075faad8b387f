import BinaryIO
import Pipeline
import Quantization
import Settings
import Steps

/// The statistics of an importance matrix, for a human reader.
enum ImportanceTable {
    static func text(_ summary: ImportanceSummary, _ format: OutputFormat) -> String {
        let tensors = tensorTable(summary).text(format)
        if format == .csv { return tensors }
        let origin = "\(summary.chunks) windows of \(summary.context) tokens"
        let texts = summary.datasets.isEmpty ? "" : " of \(summary.datasets.joined(separator: ", ").visible)"
        return "\(origin)\(texts)\n\n\(tensors)\n\n\(layerTable(summary).text(format))\n\n\(legend)"
    }

    private static let legend = """
        Over the mean squares of each tensor's input columns. above 0: share over 0.00001. entropy: in bits, and of what
        equal columns would have. over 1 σ: share more than a standard deviation above the mean. like before: cosine to
        the same tensor's in the layer before. The layers' figures are averages, weighted by columns.
        """

    private static func tensorTable(_ summary: ImportanceSummary) -> Table {
        let hasExperts = summary.tensors.contains { $0.unreachedMatrices > 0 }
        var columns = [
            "layer", "tensor", "sum", "min", "max", "mean", "σ", "above 0 %", "columns", "entropy", "entropy %",
            "over 1 σ %", "like before",
        ]
        if hasExperts { columns.append("unreached experts") }
        let rows = summary.tensors.map { tensor in
            var row = [
                tensor.layer.map { "\($0)" } ?? "-", tensor.role, numberText(tensor.sum, 2), numberText(tensor.min, 4),
                numberText(tensor.max, 4), numberText(tensor.mean, 4), numberText(tensor.standardDeviation, 4),
                numberText(tensor.activePercent, 2), "\(tensor.elements)", numberText(tensor.entropy, 4),
                numberText(tensor.entropyPercent, 2), numberText(tensor.outlierPercent, 2),
                numberText(tensor.similarityToPreviousLayer, 4),
            ]
            if hasExperts { row.append("\(tensor.unreachedMatrices)") }
            return row
        }
        return Table(columns: columns, rows: rows)
    }

    private static func layerTable(_ summary: ImportanceSummary) -> Table {
        Table(
            columns: ["layer", "sum", "over 1 σ %", "like before"],
            rows: summary.layers.map { layer in
                [
                    "\(layer.layer)", numberText(layer.sum, 2), numberText(layer.outlierPercent, 4),
                    numberText(layer.similarityToPreviousLayer, 4),
                ]
            }
        )
    }
}
