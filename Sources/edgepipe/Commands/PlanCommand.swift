import ArgumentParser
import Cluster
import Pipeline
import Steps

struct PlanCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what `run` would do, without writing anything.",
        discussion: """
            EXAMPLES
              edgepipe plan pipelines/phi3.yaml
              edgepipe plan pipelines/phi3.yaml --json
              edgepipe plan pipelines/phi3.yaml --engine slurm --nodes 1,8,64 --cache /shared/cache
            """
    )

    @OptionGroup var pipeline: PipelineFileOptions

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var hub: HubOptions
    @OptionGroup var caching: CachingOptions

    @Option(help: ArgumentHelp("Number of threads; default: all processors.", valueName: "n"))
    var jobs: Int?

    @Option(help: "Plan for a cluster: slurm.")
    var engine: ClusterEngine?

    @Option(
        help: ArgumentHelp("For --engine: how long so many machines would take, such as 1,8,64.", valueName: "list")
    )
    var nodes: String?

    @OptionGroup var records: OutputOptions

    func validate() throws {
        guard (engine == nil) == (nodes == nil) else {
            throw ValidationError("--engine and --nodes go together. Give both, or neither.")
        }
        if nodes != nil, sizes.isEmpty {
            throw ValidationError("--nodes takes numbers from 1 to 100000 with commas between, such as 1,8,64.")
        }
    }

    /// The numbers of machines; empty if the text is not a list of numbers.
    private var sizes: [Int] {
        let parts = (nodes ?? "").split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        return parts.count <= 100 && parts.allSatisfy { $0.map((1...100_000).contains) ?? false }
            ? parts.compactMap { $0 } : []
    }

    func run() throws {
        let file = try pipeline.read()
        var options = RunOptions(registry: try registry.file, threads: jobs)
        options.isOffline = hub.offline
        options.cache = caching.options
        let definitions = try pipeline.definitions(of: file)
        guard nodes == nil else {
            let plans = try definitions.map { try ClusterPlan($0, options, sizes: sizes) }
            return try records.print(plans, of: file) { Self.text($0, $1, named: file.namesModels) }
        }
        let plans = try definitions.map { try PipelineRunner($0, options, lock: LockUse(.follow)).plan() }
        try Self.print(plans, of: file, records)
    }

    static func print(_ plans: [PipelinePlan], of file: PipelineFile, _ records: OutputOptions) throws {
        try records.print(plans, of: file) { plan, format in
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
            let head = file.namesModels ? "\(plan.pipeline) \(plan.version)\n" : ""
            guard let download = plan.downloadBytes else {
                return head + table.text(format)
                    + "\n\nNothing is known of the model: it is not in the local cache, and the Hub is not "
                    + "asked offline. Plan again without --offline and HF_HUB_OFFLINE."
            }
            let free = plan.freeDiskBytes.map { " of \(sizeText($0)) free" } ?? ""
            return head + table.text(format) + "\n\n" + (download > 0 ? "download \(sizeText(download)), " : "")
                + "peak memory \(sizeText(plan.peakMemoryBytes)), disk \(sizeText(plan.diskBytes))\(free), "
                + "time \(time(plan.secondsLow, plan.secondsHigh))"
        }
    }

    private static func text(_ plan: ClusterPlan, _ format: OutputFormat, named: Bool) -> String {
        let table = Table(
            columns: ["machines", "time", "core hours", "at work at most"],
            rows: plan.sizes.map { size in
                let hours = [size.coreHoursLow, size.coreHoursHigh].map { numberText($0, $0 < 10 ? 2 : 0) }
                return [
                    "\(size.nodes)", time(size.secondsLow, size.secondsHigh), hours.joined(separator: " to "),
                    "\(size.mostAtWork)",
                ]
            }
        )
        return (named ? "\(plan.pipeline)\n" : "") + table.text(format)
            + "\n\n\(plan.tasks) tasks, with \(numberText(plan.overheadSeconds, 0)) s for each beside its work; they write "
            + "\(sizeText(plan.writtenBytes)) into the cache and read \(sizeText(plan.readBytes)) from it"
    }

    private static func time(_ low: Double, _ high: Double) -> String {
        "\(ProgressLines.duration(low)) to \(ProgressLines.duration(high))"
    }
}
