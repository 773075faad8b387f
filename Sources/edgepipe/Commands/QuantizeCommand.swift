import ArgumentParser
import Pipeline
import Settings
import Steps
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
              edgepipe quantize model-f16.gguf -o out.gguf --type q3_k_s --rounding feedback --text texts/calibration.txt
              edgepipe quantize model-f16.gguf --type q2_k --dry-run
              edgepipe quantize models/tiny-phi3 -o tiny-q4_k_m.gguf --type q4_k_m --convert-type f16
              edgepipe quantize model-00001-of-00003.gguf -o joined.gguf --type copy
              edgepipe quantize model-f16.gguf -o best.gguf --size 1.2GB --text calibration.txt
              edgepipe quantize model-f16.gguf -o best.gguf --bpw 3.5 --text calibration.txt --ladder all --costs costs/
              edgepipe quantize model-f16.gguf -o best.gguf --fit pixel-8 --context 4096 --text calibration.txt

            Types: \(QuantizeSettings.types.joined(separator: ", ")).
            """
    )

    @Argument(help: "The GGUF file to quantize, or a Hugging Face folder, which is converted on the fly.")
    var input: String

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The GGUF file to write.", valueName: "file"))
    var output: String?

    @Option(help: .setting(QuantizeSettings.self, "types", "type"))
    var type: String?

    @Option(help: .setting(QuantizeSettings.self, "imatrix", "file"))
    var imatrix: String?

    @Option(help: .setting(QuantizeSettings.self, "include-weights", "text"))
    var includeWeights: [String] = []

    @Option(help: .setting(QuantizeSettings.self, "exclude-weights", "text"))
    var excludeWeights: [String] = []

    @Option(help: .setting(QuantizeSettings.self, "rounding", "how"))
    var rounding: String?

    @Option(help: .setting(QuantizeSettings.self, "text", "file"))
    var text: String?

    @Option(help: .setting(QuantizeSettings.self, "feedback-tokens", "n"))
    var feedbackTokens: Int?

    @Option(help: .setting(QuantizeSettings.self, "damping", "share"))
    var damping: Double?

    @Option(help: .setting(QuantizeSettings.self, "feedback-memory", "gb"))
    var feedbackMemory: Double?

    @Flag(help: .setting(QuantizeSettings.self, "pure"))
    var pure = false

    @Option(help: .setting(QuantizeSettings.self, "tensor-types", "regex=type"))
    var tensorType: [String] = []

    @Option(help: .setting(QuantizeSettings.self, "tensor-type-file", "file"))
    var tensorTypeFile: String?

    @Option(help: .setting(QuantizeSettings.self, "output-tensor-type", "type"))
    var outputTensorType: String?

    @Option(help: .setting(QuantizeSettings.self, "token-embedding-type", "type"))
    var tokenEmbeddingType: String?

    @Option(
        help: ArgumentHelp("For a folder: the type that its weights are converted to on the fly.", valueName: "type")
    )
    var convertType = "auto"

    @Option(help: ArgumentHelp("For a folder: the pre-tokenizer's name, if it is not recognized.", valueName: "name"))
    var pre: String?

    @Option(
        help: ArgumentHelp(
            "For a folder, or a GGUF file of f32, f16 or bf16: merge a LoRA adapter.",
            valueName: "folder[=scale]"
        )
    )
    var lora: [String] = []

    @Flag(help: .setting(QuantizeSettings.self, "leave-output-tensor"))
    var leaveOutputTensor = false

    @Flag(help: .setting(QuantizeSettings.self, "allow-requantize"))
    var allowRequantize = false

    @Option(help: .setting(QuantizeSettings.self, "prune-layers", "numbers"))
    var pruneLayers: [String] = []

    @Flag(help: "Keep the model's split: write OUTPUT-00001-of-0000N.gguf.")
    var keepSplit = false

    @Option(name: .customLong("override-kv"), help: .setting(QuantizeSettings.self, "override-kv", "key=type:value"))
    var overrides: [String] = []

    @Flag(inversion: .prefixedNo, help: "Measure the quantization error of each tensor.")
    var errors = true

    @Flag(help: "Print the plan without writing anything.")
    var dryRun = false

    @OptionGroup(title: "The best file of a size") var recipe: RecipeOptions
    @OptionGroup var hub: HubOptions
    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        if output == nil, !dryRun { throw ValidationError("Give the file to write with -o, or --dry-run.") }
        guard recipe.isUsed != (type != nil) else {
            throw ValidationError("Give a --type, or one of --size, --bpw and --fit.")
        }
        if recipe.isUsed { try checkRecipe() }
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

    private func checkRecipe() throws {
        guard text != nil else { throw ValidationError("Give a text that costs are computed on with --text.") }
        try refuse(
            ignored: [
                "--pure": pure, "--tensor-type": !tensorType.isEmpty, "--tensor-type-file": tensorTypeFile != nil,
                "--output-tensor-type": outputTensorType != nil, "--token-embedding-type": tokenEmbeddingType != nil,
                "--leave-output-tensor": leaveOutputTensor, "--prune-layers": !pruneLayers.isEmpty,
                "--keep-split": keepSplit, "--lora": !lora.isEmpty, "--dry-run": dryRun,
                "--include-weights": !includeWeights.isEmpty, "--exclude-weights": !excludeWeights.isEmpty,
            ],
            because: "the recipe decides."
        )
    }

    func run() throws {
        if recipe.isUsed { return try makeRecipe() }
        guard !dryRun, let output else {
            let report = try Operations.planQuantization(try request, remark: { records.remark($0) })
            try records.print(report) { text(report, $0) }
            return
        }
        let line = records.progressLine()
        let report = try Operations.quantize(
            try request,
            to: FilePath(output),
            threads: work.threadCount,
            remark: { records.remark($0) }
        ) { try line.track($0, $1, $2) }
        line.clear()
        try records.print(report) { format in
            let files = report.outputs?.asLines ?? output
            return records.quiet ? files : "\(text(report, format))\n\(files)"
        }
    }

    private func makeRecipe() throws {
        var request = try recipe.request(
            model: input,
            text: text ?? "",
            try settings(type: "q8_0"),
            threads: work.threadCount
        )
        request.costs.importanceMatrix = imatrix.map { FilePath($0) }
        let line = records.progressLine()
        defer { line.clear() }
        let report = try Operations.bestBuild(
            request,
            to: FilePath(output ?? ""),
            remark: { records.remark($0) },
            progress: { try line.track($0, $1, $2) }
        )
        line.clear()
        for words in report.remarks { records.remark(words) }
        try records.print(report) { "\(RecipeTable.text(report, $0))\n\(output ?? "")" }
    }

    private var request: QuantizeRequest {
        get throws {
            var request = QuantizeRequest(input: input, try settings(type: type ?? ""))
            request.conversion.settings = try ConvertSettings(options: [
                "type": .text(convertType), "pre": pre.map { .text($0) },
            ])
            (request.conversion.adapters, request.conversion.isOffline) = (lora, hub.offline)
            (request.keepSplit, request.measuresErrors) = (keepSplit, errors)
            return request
        }
    }

    private func settings(type: String) throws -> QuantizeSettings {
        try QuantizeSettings(options: [
            "types": .text(type),
            "imatrix": imatrix.map { .text($0) },
            "include-weights": .list(includeWeights),
            "exclude-weights": .list(excludeWeights),
            "rounding": rounding.map { .text($0) },
            // A recipe's costs are computed on it, whatever the rounding.
            "text": recipe.isUsed && rounding?.lowercased() != "feedback" ? nil : text.map { .text($0) },
            "feedback-tokens": feedbackTokens.map { .number($0) },
            "damping": damping.map { .decimal($0) },
            "feedback-memory": feedbackMemory.map { .decimal($0) },
            "pure": .flag(pure),
            "output-tensor-type": outputTensorType.map { .text($0) },
            "token-embedding-type": tokenEmbeddingType.map { .text($0) },
            "tensor-types": .list(tensorType),
            "tensor-type-file": tensorTypeFile.map { .text($0) },
            "leave-output-tensor": .flag(leaveOutputTensor),
            "allow-requantize": .flag(allowRequantize),
            "prune-layers": .list(pruneLayers),
            "override-kv": .list(overrides),
        ])
    }

    private func text(_ report: QuantizationReport, _ format: OutputFormat) -> String {
        QuantizationTable(report, isVerbose: records.verbose, format).text(format)
    }
}
