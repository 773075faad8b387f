import ArgumentParser
import Pipeline
import SystemPackage

struct PerplexityCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Measure perplexity and bits per byte, as llama-perplexity defines them.",
        discussion: """
            EXAMPLES
              edgepipe perplexity model.gguf --text texts/sample.txt --chunks 40
              edgepipe perplexity f16.gguf --text texts/sample.txt --save-logits base.logits
              edgepipe perplexity q4_k_m.gguf --text texts/sample.txt --base-logits base.logits

            Perplexity compares builds of one model. Bits per byte also compares models with different tokenizers, on the
            same text.
            """
    )

    @Argument(help: "The GGUF file to measure.")
    var model: String

    @Option(help: ArgumentHelp("A UTF-8 text.", valueName: "file"))
    var text: String

    @Option(help: ArgumentHelp("Tokens of a window.", valueName: "n"))
    var context = 512

    @Option(help: ArgumentHelp("At most this many windows.", valueName: "n"))
    var chunks: Int?

    @Option(help: ArgumentHelp("Distance between windows, in tokens.", valueName: "n"))
    var stride: Int?

    @Option(help: ArgumentHelp("Write the model's log-probabilities.", valueName: "file"))
    var saveLogits: String?

    @Option(help: ArgumentHelp("Compare with another model's log-probabilities.", valueName: "file"))
    var baseLogits: String?

    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        if saveLogits != nil, baseLogits != nil {
            throw ValidationError("Give --save-logits or --base-logits, not both.")
        }
        if let chunks, chunks < 1 { throw ValidationError("--chunks takes 1 or more.") }
    }

    func run() throws {
        var request = PerplexityRequest(model: FilePath(model), text: FilePath(text))
        (request.context, request.chunks, request.stride) = (context, chunks, stride)
        request.threads = work.threadCount
        request.saveLogits = saveLogits.map { FilePath($0) }
        request.baseLogits = baseLogits.map { FilePath($0) }
        let line = records.progressLine()
        let report = try Operations.perplexity(request) { detail, done, total in
            try Interruption.check()
            line.update(detail, done, total)
        }
        line.clear()
        try records.print(report) { format in Self.table(report).text(format) }
    }

    private static func table(_ report: PerplexityReport) -> Table {
        func plusMinus(_ value: Double, _ error: Double, _ digits: Int) -> String {
            "\(numberText(value, digits)) ± \(numberText(error, digits))"
        }
        var rows = [
            ["perplexity", plusMinus(report.perplexity, report.standardError, 4)],
            ["bits per byte", plusMinus(report.bitsPerByte, report.bitsPerByteStandardError, 4)],
            ["scored", "\(report.scoredTokens) tokens in \(report.chunks) windows of \(report.context)"],
        ]
        if let kld = report.kld {
            let spread = [kld.median, kld.p99, kld.max].map { numberText($0, 6) }.joined(separator: ", ")
            let mean = numberText(report.meanDeltaPercent, 3)
            rows.append(["mean KL divergence", plusMinus(kld.mean, kld.standardError, 6)])
            rows.append(["median, 99 %, largest", spread])
            rows.append(["same top token", "\(numberText(report.sameTopPercent, 3)) %"])
            rows.append(["change of probability", "mean \(mean) %, RMS \(numberText(report.rmsDeltaPercent, 3)) %"])
        }
        return Table(columns: ["measure", "value"], rows: rows)
    }
}
