import ArgumentParser
import Pipeline
import SystemPackage

struct QuantizeCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Quantize a GGUF file to a smaller one, to the byte as llama-quantize does.",
        discussion: """
            EXAMPLES
              edgepipe quantize model-f16.gguf -o model-q4_k_m.gguf --type q4_k_m
              edgepipe quantize model-f16.gguf -o out.gguf --type q4_k_m --tensor-type 'ffn_down=q6_k'
              edgepipe quantize model-f16.gguf --type q2_k --dry-run

            Types: \(Operations.quantizationTypes.joined(separator: ", ")).
            """
    )

    @Argument(help: "The GGUF file to quantize.")
    var input: String

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The GGUF file to write.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("The quantization type.", valueName: "type"))
    var type: String

    @Option(help: ArgumentHelp("An importance matrix that llama-imatrix wrote, in either form.", valueName: "file"))
    var imatrix: String?

    @Flag(help: "One type for all tensors, without a mix.")
    var pure = false

    @Option(
        help: ArgumentHelp("A type for tensors whose names match; the first match wins.", valueName: "regex=type")
    )
    var tensorType: [String] = []

    @Option(help: ArgumentHelp("Type of the output tensor.", valueName: "type"))
    var outputTensorType: String?

    @Option(help: ArgumentHelp("Type of the token embedding.", valueName: "type"))
    var tokenEmbeddingType: String?

    @Flag(help: "Keep the output tensor as it is.")
    var leaveOutputTensor = false

    @Flag(help: "Quantize again what is quantized; adds the errors of both.")
    var allowRequantize = false

    @Flag(help: "Print what would be made; write nothing.")
    var dryRun = false

    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        if output == nil, !dryRun { throw ValidationError("Give the file to write with -o, or --dry-run.") }
    }

    func run() throws {
        var request = QuantizeRequest(input: FilePath(input), type: type)
        (request.pure, request.tensorTypes, request.leaveOutputTensor) = (pure, tensorType, leaveOutputTensor)
        (request.outputTensorType, request.tokenEmbeddingType) = (outputTensorType, tokenEmbeddingType)
        request.allowRequantize = allowRequantize
        request.importanceMatrix = imatrix.map { FilePath($0) }
        if allowRequantize, !records.quiet {
            Console.error("edgepipe: quantizing again what is quantized adds the errors of both.")
        }
        guard !dryRun, let output else {
            let report = try Operations.planQuantization(request)
            try records.print(report) { format in
                let table = Table(
                    columns: ["tensor", "type", "bytes", "instead of"],
                    rows: report.tensors.map { [$0.name, $0.type, "\($0.bytes)", $0.wanted ?? "-"] }
                )
                return table.text(format) + "\n\n" + Self.summary(report)
            }
            return
        }
        let line = records.progressLine()
        let report = try Operations.quantize(request, to: FilePath(output), threads: work.threadCount) {
            try Interruption.check()
            line.update($0, $1, $2)
        }
        line.clear()
        try records.print(report) { _ in "\(output): " + Self.summary(report) }
    }

    private static func summary(_ report: QuantizationReport) -> String {
        let fallbacks = report.tensors.filter { $0.fallback }
        var text = "\(report.type), \(sizeText(report.bytes)), \(numberText(report.bitsPerWeight, 3)) bits a weight"
        for tensor in fallbacks {
            text += "\n  \(tensor.name): \(tensor.type) in place of \(tensor.wanted ?? "-"), which its rows do not fit"
        }
        return text
    }
}
