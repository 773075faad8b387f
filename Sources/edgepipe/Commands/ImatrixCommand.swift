import ArgumentParser
import Pipeline
import Quantization
import Settings
import Steps
import SystemPackage

struct ImatrixCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "imatrix",
        abstract: "Collect, merge or show importance matrices, in llama-imatrix's forms.",
        discussion: """
            EXAMPLES
              edgepipe imatrix f16.gguf --text texts/calibration.txt -o imatrix.gguf --chunks 100
              edgepipe imatrix --merge one.gguf two.gguf -o both.gguf
              edgepipe imatrix --show imatrix.gguf
              edgepipe quantize f16.gguf -o iq3_xxs.gguf --type iq3_xxs --imatrix imatrix.gguf

            An importance matrix tells how much each column of a weight matrix counts on some text; quantization then \
            spends its precision there. Progress is saved to OUTPUT.part every half minute and on Ctrl-C; the same \
            command resumes from there and ends with the same bytes.
            """
    )

    @Argument(help: "The GGUF file to run: the one that will be quantized.")
    var model: String?

    @Option(help: .setting(ImatrixSettings.self, "text", "file"))
    var text: String?

    @Option(name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("gguf, or dat, the older format; default: by the output's name.", valueName: "form"))
    var outputFormat: ImportanceForm?

    @Option(help: .setting(ImatrixSettings.self, "context", "n"))
    var context: Int?

    @Option(help: .setting(ImatrixSettings.self, "chunks", "n"))
    var chunks: Int?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Importance matrices to merge, with the model's or with each other.", valueName: "file ...")
    )
    var merge: [String] = []

    @Option(help: ArgumentHelp("Print the statistics of an importance matrix.", valueName: "file"))
    var show: String?

    @Flag(help: .setting(ImatrixSettings.self, "process-output"))
    var processOutput = false

    @Flag(help: .setting(ImatrixSettings.self, "parse-special"))
    var parseSpecial = false

    @Flag(help: "Skip the perplexity, which is faster.")
    var noPpl = false

    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        let ofModel: KeyValuePairs = [
            "--chunks": chunks != nil, "--process-output": processOutput, "--parse-special": parseSpecial,
            "--no-ppl": noPpl,
        ]
        if show != nil {
            guard model == nil, text == nil, output == nil, merge.isEmpty else {
                throw ValidationError("--show takes nothing but the matrix to show.")
            }
            try refuse(ignored: ofModel, because: "--show only prints a matrix.")
            try refuse(
                ignored: ["--context": context != nil, "--output-format": outputFormat != nil],
                because: "--show only prints a matrix."
            )
            return
        }
        if model == nil, !merge.isEmpty { try refuse(ignored: ofModel, because: "no model runs.") }
        if output == nil { throw ValidationError("Give the file to write with -o.") }
        if model == nil, merge.isEmpty { throw ValidationError("Give a model, --merge or --show.") }
        if (model == nil) != (text == nil) { throw ValidationError("A model and --text go together.") }
        if let context, context < 4 { throw ValidationError("--context takes 4 or more.") }
        if let chunks, chunks < 1 { throw ValidationError("--chunks takes 1 or more.") }
    }

    func run() throws {
        if let show {
            let summary = try Operations.importanceStatistics(FilePath(show))
            return try records.print(summary) { ImportanceTable.text(summary, $0) }
        }
        let report = try make(FilePath(output ?? ""))
        for tensor in report.partial {
            records.remark("No token reached some experts of \(tensor). A longer text may.")
        }
        try records.print(report) { Self.table(report).text($0) }
    }

    private func make(_ output: FilePath) throws -> ImportanceReport {
        let merged = merge.map { FilePath($0) }
        guard let model, let text else {
            return try Operations.mergeImportanceMatrices(
                merged,
                to: output,
                form: outputFormat,
                context: context ?? 512
            )
        }
        let settings = try ImatrixSettings(options: [
            "text": .text(text), "context": context.map { .number($0) }, "chunks": chunks.map { .number($0) },
            "parse-special": .flag(parseSpecial), "process-output": .flag(processOutput),
        ])
        var request = ImportanceRequest(settings, model: FilePath(model), text: FilePath(text))
        request.threads = work.threadCount
        (request.measuresPerplexity, request.merged, request.form) = (!noPpl, merged, outputFormat)
        let line = records.progressLine()
        defer { line.clear() }
        return try Operations.importanceMatrix(request, to: output, remark: { records.remark($0) }) {
            try line.track($0, $1, $2)
        }
    }

    private static func table(_ report: ImportanceReport) -> Table {
        var rows = [
            ["output", "\(report.output) (\(report.form))"],
            ["tensors", "\(report.tensors)"],
            ["windows", "\(report.chunks) of \(report.context) tokens"],
            ["texts", report.datasets.joined(separator: ", ")],
        ]
        if let perplexity = report.perplexity { rows.append(["perplexity", numberText(perplexity, 4)]) }
        return Table(columns: ["importance matrix", ""], rows: rows)
    }
}

extension ImportanceForm: ExpressibleByArgument {}
