import ArgumentParser
import Recipes
import Steps
import SystemPackage

struct FrontierCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "frontier",
        abstract: "Measure how much quality a model loses at several sizes, presets and recipes side by side.",
        discussion: """
            EXAMPLES
              edgepipe frontier f16.gguf --from 2.5 --to 6 --text calibration.txt -o chart.html
              edgepipe frontier f16.gguf --from 3 --to 5 --text calibration.txt --ladder all --costs costs/

            All sizes share one set of costs. Each build is made, and its KL divergence is measured on the last \
            quarter of the text, which the costs never see.
            """
    )

    @Argument(help: "The GGUF file to build from: f32, f16 or bf16.")
    var model: String

    @Option(help: ArgumentHelp("The smallest size, in bits a weight.", valueName: "bits"))
    var from: Double

    @Option(help: ArgumentHelp("The largest size, in bits a weight.", valueName: "bits"))
    var to: Double

    @Option(help: ArgumentHelp("A UTF-8 text like what the model will read.", valueName: "file"))
    var text: String

    @Option(help: ArgumentHelp("Number of sizes, both ends included.", valueName: "n"))
    var steps = 7

    @Option(
        help: ArgumentHelp("The types to choose from: k, all, or a list such as q3_k,q4_k.", valueName: "types")
    )
    var ladder = "k"

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Draw the curve as a self-contained HTML page.", valueName: "file")
    )
    var output: String?

    @Option(help: ArgumentHelp("Cache the tensors' costs in this folder.", valueName: "folder"))
    var costs: String?

    @Option(help: ArgumentHelp("Number of text windows that costs are computed on.", valueName: "n"))
    var costChunks = 16

    @Option(help: ArgumentHelp("Number of windows that builds are judged on.", valueName: "n"))
    var judgeChunks = 8

    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        guard from > 0, to <= 32, from <= to else {
            throw ValidationError("--from and --to take bits a weight above 0 and up to 32, the smaller first.")
        }
        guard steps >= 1, steps <= 100 else { throw ValidationError("--steps takes 1 to 100.") }
        guard costChunks >= 1, judgeChunks >= 1 else {
            throw ValidationError("--cost-chunks and --judge-chunks take 1 or more.")
        }
        guard TypeLadder(ladder) != nil else {
            throw ValidationError("--ladder takes k, all, or tensor types with commas between, such as q3_k,q4_k.")
        }
    }

    func run() throws {
        var request = CostRequest(model: FilePath(model), text: FilePath(text))
        (request.chunks, request.threads) = (costChunks, work.threadCount)
        if let ladder = TypeLadder(ladder) { request.ladder = ladder }
        var frontier = FrontierRequest(request, bits: from...to)
        (frontier.steps, frontier.judgedChunks) = (steps, judgeChunks)
        (frontier.folder, frontier.page) = (costs.map { FilePath($0) }, output.map { FilePath($0) })
        let line = records.progressLine()
        defer { line.clear() }
        let report = try Operations.frontier(frontier, remark: { records.remark($0) }) { try line.track($0, $1, $2) }
        line.clear()
        try records.print(report) { Self.table(report).text($0) }
    }

    private static func table(_ report: FrontierReport) -> Table {
        Table(
            columns: ["build", "kind", "bytes", "bits", "KL divergence", "±", "predicted", "perplexity"],
            rows: report.points.map { point in
                [
                    point.name, point.kind, "\(point.bytes)", numberText(point.bitsPerWeight, 3),
                    numberText(point.kld, 5), numberText(point.standardError, 5), numberText(point.predictedKld, 5),
                    numberText(point.perplexity, 3),
                ]
            }
        )
    }
}
