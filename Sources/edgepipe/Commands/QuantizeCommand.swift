import ArgumentParser
import Pipeline
import SystemPackage

struct QuantizeCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize",
        abstract: "Quantize a GGUF file or a Hugging Face folder; byte-identical to llama-quantize.",
        discussion: """
            EXAMPLES
              edgepipe quantize model-f16.gguf -o model-q4_k_m.gguf --type q4_k_m
              edgepipe quantize model-f16.gguf -o out.gguf --type q4_k_m --tensor-type 'ffn_down=q6_k'
              edgepipe quantize model-f16.gguf -o out.gguf --type iq2_xxs --imatrix model.imatrix.gguf
              edgepipe quantize model-f16.gguf --type q2_k --dry-run
              edgepipe quantize models/tiny-phi3 -o tiny-q4_k_m.gguf --type q4_k_m --convert-type f16
              edgepipe quantize model-00001-of-00003.gguf -o joined.gguf --type copy

            Types: \(Operations.quantizationTypes.joined(separator: ", ")).
            """
    )

    @Argument(help: "The GGUF file to quantize; or a Hugging Face folder, which is converted on the way.")
    var input: String

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The GGUF file to write.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("The quantization type, or copy to keep every tensor's.", valueName: "type"))
    var type: String

    @Option(help: ArgumentHelp("An importance matrix that llama-imatrix wrote, in either form.", valueName: "file"))
    var imatrix: String?

    @Option(help: ArgumentHelp("Use the matrix only for tensors with this in their names.", valueName: "text"))
    var includeWeights: [String] = []

    @Option(help: ArgumentHelp("Use the matrix for no tensor with this in its name.", valueName: "text"))
    var excludeWeights: [String] = []

    @Option(
        help: ArgumentHelp(
            "reference, to the byte as llama-quantize does, or refined: lower error in the same size, with a matrix.",
            valueName: "how"
        )
    )
    var rounding: String?

    @Flag(help: "One type for all tensors, without a mix.")
    var pure = false

    @Option(
        help: ArgumentHelp("A type for tensors whose names match; the first match wins.", valueName: "regex=type")
    )
    var tensorType: [String] = []

    @Option(help: ArgumentHelp("A file of further such rules, with spaces or lines between.", valueName: "file"))
    var tensorTypeFile: String?

    @Option(help: ArgumentHelp("Type of the output tensor.", valueName: "type"))
    var outputTensorType: String?

    @Option(help: ArgumentHelp("Type of the token embedding.", valueName: "type"))
    var tokenEmbeddingType: String?

    @Option(
        help: ArgumentHelp("Of a folder: the type that its weights are converted to on the way.", valueName: "type")
    )
    var convertType = "auto"

    @Option(help: ArgumentHelp("Of a folder: the pre-tokenizer's name, where it is not recognized.", valueName: "name"))
    var pre: String?

    @Option(help: ArgumentHelp("Of a folder: merge a LoRA adapter.", valueName: "folder[=scale]"))
    var lora: [String] = []

    @Flag(help: "Keep the output tensor as it is.")
    var leaveOutputTensor = false

    @Flag(help: "Quantize again what is quantized; adds the errors of both.")
    var allowRequantize = false

    @Option(help: ArgumentHelp("Layers to leave out, such as 3,5,7.", valueName: "numbers"))
    var pruneLayers: [String] = []

    @Flag(help: "Write as many files as the model has, OUTPUT-00001-of-0000N.gguf.")
    var keepSplit = false

    @Option(
        name: .customLong("override-kv"),
        help: ArgumentHelp(
            "Metadata to write instead; the type is int, float, bool or str.",
            valueName: "key=type:value"
        )
    )
    var overrides: [String] = []

    @Flag(inversion: .prefixedNo, help: "Measure the error that each tensor takes.")
    var errors = true

    @Flag(help: "Print what would be made; write nothing.")
    var dryRun = false

    @OptionGroup var hub: HubOptions
    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        if output == nil, !dryRun { throw ValidationError("Give the file to write with -o, or --dry-run.") }
        if !includeWeights.isEmpty, !excludeWeights.isEmpty {
            throw ValidationError("Give --include-weights or --exclude-weights, not both.")
        }
        if imatrix == nil {
            try refuse(
                ignored: [
                    "--include-weights": !includeWeights.isEmpty, "--exclude-weights": !excludeWeights.isEmpty,
                ],
                because: "there is no --imatrix to choose from."
            )
        }
    }

    func run() throws {
        guard !dryRun, let output else {
            let report = try Operations.planQuantization(request, remark: { records.remark($0) })
            try records.print(report) { Self.text(report, $0) }
            return
        }
        let line = records.progressLine()
        let report = try Operations.quantize(
            request,
            to: FilePath(output),
            threads: work.threadCount,
            remark: { records.remark($0) }
        ) { try line.track($0, $1, $2) }
        line.clear()
        try records.print(report) { format in
            let files = report.outputs?.asLines ?? output
            return "\(Self.text(report, format))\n\(files)"
        }
    }

    private var request: QuantizeRequest {
        var request = QuantizeRequest(input: input, type: type)
        (request.conversion.type, request.conversion.preTokenizer) = (convertType, pre)
        (request.conversion.adapters, request.conversion.isOffline) = (lora, hub.offline)
        (request.pure, request.leaveOutputTensor, request.allowRequantize) = (pure, leaveOutputTensor, allowRequantize)
        (request.tensorTypes, request.tensorTypeFile) = (tensorType, tensorTypeFile.map { FilePath($0) })
        (request.outputTensorType, request.tokenEmbeddingType) = (outputTensorType, tokenEmbeddingType)
        (request.importanceMatrix, request.rounding) = (imatrix.map { FilePath($0) }, rounding)
        (request.includedWeights, request.excludedWeights) = (includeWeights, excludeWeights)
        (request.prunedLayers, request.keepSplit, request.overrides) = (pruneLayers, keepSplit, overrides)
        request.measuresErrors = errors
        return request
    }

    /// The tensors, and under them the whole and what did not get the type it was meant to have.
    private static func text(_ report: QuantizationReport, _ format: OutputFormat) -> String {
        let isMeasured = report.tensors.contains { $0.relativeError != nil }
        let isWeighted = report.tensors.contains { $0.weightedError != nil }
        var columns = ["tensor", "type", "bytes", "instead of"]
        if isMeasured { columns.append("error %") }
        if isWeighted { columns.append("weighted %") }
        func percent(_ share: Double?) -> String { numberText(share.map { $0 * 100 }, 4) }
        let rows = report.tensors.map { tensor in
            var row = [tensor.name, tensor.type, "\(tensor.bytes)", tensor.wanted ?? "-"]
            if isMeasured { row.append(percent(tensor.relativeError)) }
            if isWeighted { row.append(percent(tensor.weightedError)) }
            return row
        }
        var text = Table(columns: columns, rows: rows).text(format)
        text += "\n\n\(report.type), \(sizeText(report.bytes)), \(numberText(report.bitsPerWeight, 3)) bits a weight"
        if let error = report.relativeError { text += ", error \(percent(error)) %" }
        for tensor in report.tensors where tensor.fallback {
            text += "\n  \(tensor.name): \(tensor.type) in place of \(tensor.wanted ?? "-"): \(tensor.reason ?? "")"
        }
        return text
    }
}
