import ArgumentParser
import Evaluation
import Pipeline
import Settings
import Steps
import SystemPackage

struct AccuracyCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "accuracy",
        abstract: "Answer multiple-choice tasks by log-likelihood, as for HellaSwag.",
        discussion: """
            EXAMPLES
              edgepipe accuracy q4_k_m.gguf --tasks texts/tasks.jsonl
              edgepipe accuracy q4_k_m.gguf --tasks hellaswag_val.jsonl --json

            A task is a line of JSON: {"context": "It rained, so she took", "endings": ["her umbrella.", "the \
            moon."], "label": 0}. The model's answer is the ending that it finds most probable after the context; for \
            the length-normalized accuracy, per byte. Compare models on the same tasks; the intervals tell how far \
            apart two have to be.
            """
    )

    @Argument(help: "The GGUF file to test.")
    var model: String

    @Option(help: ArgumentHelp("Tasks, a line of JSON each.", valueName: "file"))
    var tasks: String

    @OptionGroup var work: WorkOptions
    @OptionGroup var records: OutputOptions

    func run() throws {
        let line = records.progressLine()
        defer { line.clear() }
        let result = try Operations.accuracy(
            FilePath(model),
            tasks: FilePath(tasks),
            threads: work.threadCount
        ) { try line.track($0, $1, $2) }
        line.clear()
        try records.print(result) { Self.table(result).text($0) }
    }

    private static func table(_ result: AccuracyResult) -> Table {
        func row(_ name: String, _ share: AccuracyResult.Share) -> [String] {
            let interval = "\(numberText(share.low, 2)) to \(numberText(share.high, 2)) %"
            return [name, "\(numberText(share.percent, 2)) %", interval]
        }
        return Table(
            columns: ["measure", "value", "95 % interval"],
            rows: [
                row("accuracy", result.accuracy), row("length-normalized", result.normalizedAccuracy),
                ["guessing", "\(numberText(result.chancePercent, 2)) %", "-"], ["tasks", "\(result.tasks)", "-"],
            ]
        )
    }
}
