import ArgumentParser
import Pipeline
import Settings
import Steps
import SystemPackage

struct PerplexityCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Measure perplexity and bits per byte, as llama-perplexity defines them.",
        discussion: """
            EXAMPLES
              edgepipe perplexity model.gguf --text texts/sample.txt --chunks 40
              edgepipe perplexity q4_k_m.gguf --text texts/sample.txt --base f16.gguf
              edgepipe perplexity f16.gguf --text texts/sample.txt --save-logits base.logits
              edgepipe perplexity q4_k_m.gguf --base-logits base.logits

            Perplexity compares builds of one model. Bits per byte also compares models with different tokenizers, on \
            the same text. KL divergence measures how far a build is from its original model, which runs beside it \
            (--base) or is read from a file of log-probabilities in llama-perplexity's format (--base-logits).
            """
    )

    @Argument(help: "The GGUF file to measure.")
    var model: String

    @Option(help: .setting(ValidateSettings.self, "text", "file"))
    var text: String?

    @Option(help: .setting(ValidateSettings.self, "context", "n"))
    var context: Int?

    @Option(help: .setting(ValidateSettings.self, "chunks", "n"))
    var chunks: Int?

    @Option(help: ArgumentHelp("Distance between windows, in tokens.", valueName: "n"))
    var stride: Int?

    @Option(help: ArgumentHelp("Write the model's log-probabilities.", valueName: "file"))
    var saveLogits: String?

    @Option(help: ArgumentHelp("Compare with another model's log-probabilities.", valueName: "file"))
    var baseLogits: String?

    @Option(
        help: ArgumentHelp("Compare with this GGUF model, which runs beside the first one.", valueName: "model")
    )
    var base: String?

    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        if [saveLogits, baseLogits, base].compactMap({ $0 }).count > 1 {
            throw ValidationError("Give one of --save-logits, --base-logits and --base.")
        }
        if text == nil, baseLogits == nil { throw ValidationError("Give the text to measure on with --text.") }
        if baseLogits != nil {
            try refuse(
                ignored: ["--text": text != nil, "--context": context != nil, "--stride": stride != nil],
                because: "the file of --base-logits holds its own text and windows."
            )
        }
        if let chunks, chunks < 1 { throw ValidationError("--chunks takes 1 or more.") }
    }

    func run() throws {
        let settings = try ValidateSettings(options: [
            "text": text.map { .text($0) }, "context": context.map { .number($0) },
            "chunks": chunks.map { .number($0) },
        ])
        var request = PerplexityRequest(settings, model: FilePath(model))
        (request.stride, request.threads) = (stride, work.threadCount)
        request.saveLogits = saveLogits.map { FilePath($0) }
        (request.baseLogits, request.base) = (baseLogits.map { FilePath($0) }, base.map { FilePath($0) })
        let line = records.progressLine()
        defer { line.clear() }
        let report = try Operations.perplexity(request) { try line.track($0, $1, $2) }
        line.clear()
        try records.print(report) { format in PerplexityTable.text(report, format) }
    }
}
