import ArgumentParser
import Evaluation
import Pipeline
import Settings
import Steps
import SystemPackage

struct SensitivityCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "sensitivity",
        abstract: "Measure what quantizing each tensor alone costs, in KL divergence.",
        discussion: """
            EXAMPLES
              edgepipe sensitivity f16.gguf --text texts/sample.txt --chunks 4 --type q3_k_s
              edgepipe sensitivity f16.gguf --text texts/sample.txt --build q4_k_m.gguf --tensor ffn_down
              edgepipe sensitivity f16.gguf --text texts/sample.txt --chunks 4 --heat-map map.svg --registry registry.db
              edgepipe sensitivity f16.gguf --text texts/calibration.txt --method fisher --chunks 16 -o factors.gguf

            Each tensor in turn is quantized to the type, without a mix, or taken from a build, while all others stay \
            unchanged; only the layers after it run again. Spend bits on the tensors that cost most. Figures of \
            different texts, types or chunks are not comparable.

            With --method fisher, costs are predicted instead of measured: one backward pass yields Fisher factors, \
            which predict the cost of any type for each tensor. -o saves them. Progress is saved to OUTPUT.part, and \
            the same command resumes from there.
            """
    )

    @Argument(help: "The GGUF file to measure: f32, f16 or bf16.")
    var model: String

    @Option(help: ArgumentHelp("A UTF-8 text to measure on.", valueName: "file"))
    var text: String?

    @Option(help: "measured, each tensor alone; or fisher, predicted from gradients.")
    var method = Method.measured

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Save the Fisher factors to this GGUF file.", valueName: "file")
    )
    var output: String?

    @Option(help: ArgumentHelp("Random seed of the labels of --method fisher; default: 0.", valueName: "n"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("The type to which each tensor is quantized alone, as in quantize.", valueName: "type"))
    var type: String?

    @Option(help: ArgumentHelp("Take the tensors from this build of the model instead.", valueName: "file"))
    var build: String?

    @Option(help: ArgumentHelp("An importance matrix, for --type.", valueName: "file"))
    var imatrix: String?

    @Option(
        name: .customLong("tensor"),
        help: ArgumentHelp("Measure only tensors whose names match; repeat it for several.", valueName: "regex")
    )
    var tensors: [String] = []

    @Option(help: ArgumentHelp("Tokens per window; default: 512.", valueName: "n"))
    var context: Int?

    @Option(help: ArgumentHelp("Maximum number of windows.", valueName: "n"))
    var chunks: Int?

    @Option(help: ArgumentHelp("Draw a heat map of layers and roles, an SVG image.", valueName: "file"))
    var heatMap: String?

    @Option(help: ArgumentHelp("Store the results in this registry.", valueName: "path"))
    var registry: String?

    @Flag(help: "Print the model's stored results instead of measuring.")
    var stored = false

    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    enum Method: String, ExpressibleByArgument, CaseIterable {
        case measured
        case fisher
    }

    func validate() throws {
        if method == .fisher {
            try refuse(
                ignored: [
                    "--build": build != nil, "--imatrix": imatrix != nil, "--registry": registry != nil,
                    "--stored": stored,
                ],
                because: "--method fisher measures nothing."
            )
        } else {
            try refuse(
                ignored: ["--output": output != nil, "--seed": seed != nil],
                because: "only --method fisher has factors and labels."
            )
        }
        if build != nil, type != nil || imatrix != nil {
            throw ValidationError("Give --build, or --type with or without --imatrix.")
        }
        if let chunks, chunks < 1 { throw ValidationError("--chunks takes 1 or more.") }
        if stored, registry == nil { throw ValidationError("--stored needs --registry.") }
        if stored {
            try refuse(
                ignored: [
                    "--text": text != nil, "--type": type != nil, "--build": build != nil, "--imatrix": imatrix != nil,
                    "--tensor": !tensors.isEmpty, "--context": context != nil, "--chunks": chunks != nil,
                    "--heat-map": heatMap != nil,
                ],
                because: "--stored measures nothing."
            )
        }
        if !stored, text == nil { throw ValidationError("Give the text to measure on with --text.") }
    }

    func run() throws {
        if stored, let registry {
            let reports = try Operations.storedSensitivities(of: FilePath(model), in: FilePath(registry))
            return try records.print(reports.first) { format in
                reports.first.map { SensitivityTable.text($0, format) } ?? "Nothing is stored of this model."
            }
        }
        if method == .fisher { return try predict() }
        var request = SensitivityRequest(model: FilePath(model), text: FilePath(text ?? ""))
        if let type { request.type = type }
        (request.build, request.importanceMatrix) = (build.map { FilePath($0) }, imatrix.map { FilePath($0) })
        (request.tensors, request.context, request.chunks) = (tensors, context ?? request.context, chunks)
        request.threads = work.threadCount
        (request.heatMap, request.registry) = (heatMap.map { FilePath($0) }, registry.map { FilePath($0) })
        let line = records.progressLine()
        defer { line.clear() }
        let report = try Operations.sensitivity(request, remark: { records.remark($0) }) { try line.track($0, $1, $2) }
        line.clear()
        try records.print(report) { SensitivityTable.text(report, $0) }
    }

    private func predict() throws {
        var request = FisherRequest(model: FilePath(model), text: FilePath(text ?? ""))
        if let type { request.type = type }
        (request.output, request.heatMap) = (output.map { FilePath($0) }, heatMap.map { FilePath($0) })
        (request.tensors, request.context, request.chunks) = (tensors, context ?? request.context, chunks)
        (request.seed, request.threads) = (seed ?? request.seed, work.threadCount)
        let line = records.progressLine()
        defer { line.clear() }
        let report = try Operations.fisher(request, remark: { records.remark($0) }) { try line.track($0, $1, $2) }
        line.clear()
        try records.print(report) { SensitivityTable.text(report, $0) }
    }
}
