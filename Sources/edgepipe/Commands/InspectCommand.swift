import Answers
import ArgumentParser
import DeviceFit
import SystemPackage

struct InspectCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show the metadata and tensors of a GGUF or safetensors file.",
        discussion: """
            EXAMPLES
              edgepipe inspect model.gguf
              edgepipe inspect model.gguf --tensors --digests --json
            """
    )

    @Argument(help: "A GGUF or safetensors file.")
    var file: String

    @Flag(help: "List the tensors too.")
    var tensors = false

    @Flag(help: "Print the SHA-256 of the file and, with --tensors, of each tensor.")
    var digests = false

    @OptionGroup var records: OutputOptions

    func run() throws {
        let report = try InspectionReport(of: FilePath(file), tensors: tensors, digests: digests)
        try records.print(report) { format in Self.text(report, format) }
    }

    private static func text(_ report: InspectionReport, _ format: OutputFormat) -> String {
        let types = report.bytesByType.sorted { $0.value > $1.value }.map { "\($0.key) \(sizeText($0.value))" }
        var parts = [
            "\(report.format), \(sizeText(report.bytes)), \(report.parameters) weights: \(types.joined(separator: ", "))"
        ]
        if let bytes = report.predictorBytes {
            parts.append("layers that predict further tokens, kept and not run: \(sizeText(bytes))")
        }
        if let projector = report.projector {
            let cost = projector.imageCost.map { "; \($0)" } ?? ""
            parts.append(
                "makes embeddings of \(projector.width) elements; takes \(projector.memoryRemark) beside its model\(cost)"
            )
        }
        if let digest = report.sha256 { parts.append("sha256 \(digest)") }
        if !report.metadata.rows.isEmpty {
            parts.append(Table(columns: ["key", "type", "value"], rows: report.metadata.rows).text(format))
        }
        if let tensors = report.tensors {
            let columns = ["tensor", "type", "shape", "bytes", "offset"]
            let hasDigests = tensors.contains { $0.sha256 != nil }
            let rows = tensors.map { tensor in
                let shape = tensor.shape.map { "\($0)" }.joined(separator: "×")
                let row = [tensor.name, tensor.type, shape, "\(tensor.bytes)", "\(tensor.offset)"]
                return hasDigests ? row + [tensor.sha256.map { "\($0)" } ?? "-"] : row
            }
            parts.append(Table(columns: hasDigests ? columns + ["sha256"] : columns, rows: rows).text(format))
        }
        return parts.joined(separator: "\n\n")
    }
}
