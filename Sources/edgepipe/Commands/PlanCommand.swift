import ArgumentParser
import Pipeline
import Settings
import Steps
import SystemPackage

struct PlanCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what `run` would do; nothing is written.",
        discussion: """
            EXAMPLES
              edgepipe plan pipelines/phi3.yaml
              edgepipe plan pipelines/phi3.yaml --json
            """
    )

    @Argument(help: "The pipeline file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(help: ArgumentHelp("A setting in place of the file's.", valueName: "key=value"))
    var set: [String] = []

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var hub: HubOptions
    @OptionGroup var caching: CachingOptions

    @Option(help: ArgumentHelp("How many threads would work.", valueName: "n"))
    var jobs: Int?

    @OptionGroup var records: OutputOptions

    func run() throws {
        let definition = try PipelineDefinition(path: FilePath(file), overrides: set)
        var options = RunOptions(registry: try registry.file, threads: jobs)
        options.isOffline = hub.offline
        options.cache = caching.options
        try Self.print(try PipelineRunner(definition, options).plan(), records)
    }

    static func print(_ plan: PipelinePlan, _ records: OutputOptions) throws {
        try records.print(plan) { format in
            let table = Table(
                columns: ["step", "what", "action", "writes", "memory", "time", "because"],
                rows: plan.steps.map { step in
                    [
                        step.step, step.kind, step.action.rawValue,
                        step.forecast.map { sizeText($0.diskBytes) } ?? "-",
                        step.forecast.map { sizeText($0.peakMemoryBytes) } ?? "-",
                        step.forecast.map { time($0.secondsLow, $0.secondsHigh) } ?? "-",
                        step.builds.map { "\($0.joined(separator: ", ")): \(step.reason)" } ?? step.reason,
                    ]
                }
            )
            guard let download = plan.downloadBytes else {
                return table.text(format)
                    + "\n\nNothing is known of the model: it is not in the local cache, and the Hub is not "
                    + "asked offline. Plan again without --offline and HF_HUB_OFFLINE."
            }
            let free = plan.freeDiskBytes.map { " of \(sizeText($0)) free" } ?? ""
            return table.text(format) + "\n\n" + (download > 0 ? "download \(sizeText(download)), " : "")
                + "peak memory \(sizeText(plan.peakMemoryBytes)), disk \(sizeText(plan.diskBytes))\(free), "
                + "time \(time(plan.secondsLow, plan.secondsHigh))"
        }
    }

    private static func time(_ low: Double, _ high: Double) -> String {
        "\(ProgressLine.duration(low)) to \(ProgressLine.duration(high))"
    }
}
