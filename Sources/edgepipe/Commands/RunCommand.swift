import Answers
import ArgumentParser
import Pipeline
import Settings
import Steps
import SystemPackage

struct RunCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a pipeline file.",
        discussion: """
            EXAMPLES
              edgepipe run pipelines/quickstart.yaml
              edgepipe run pipelines/phi3.yaml --set version=1.1.0 --set quality.chunks=10
              edgepipe run pipelines/phi3.yaml --dry-run
              edgepipe run pipelines/phi3.yaml --cache /shared/cache

            A step whose inputs, options and version did not change is not run again.
            """
    )

    @Argument(help: "The pipeline file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(help: ArgumentHelp("A setting in place of the file's.", valueName: "key=value"))
    var set: [String] = []

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var hub: HubOptions
    @OptionGroup var caching: CachingOptions

    @Option(
        help: ArgumentHelp("The most that the cache's folder may hold after the run, such as 50GB.", valueName: "size")
    )
    var cacheSize: String?

    @Option(help: ArgumentHelp("Begin with this step; those before it must be cached.", valueName: "step"))
    var from: String?

    @Option(help: ArgumentHelp("Run this step alone; those before it must be cached.", valueName: "step"))
    var only: String?

    @Flag(help: "Run again what is cached.")
    var force = false

    @Flag(help: "Print what would be done; write nothing.")
    var dryRun = false

    @Option(help: ArgumentHelp("How many threads work.", valueName: "n"))
    var jobs: Int?

    @Option(help: ArgumentHelp("Refuse steps that take more memory, such as 4GB.", valueName: "size"))
    var memory: String?

    @OptionGroup var records: OutputOptions

    func validate() throws {
        if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs takes 1 to 1024.") }
        if from != nil, only != nil { throw ValidationError("Give --from or --only, not both.") }
    }

    func run() throws {
        let definition = try PipelineDefinition(path: FilePath(file), overrides: set)
        var options = RunOptions(registry: try registry.file, threads: jobs)
        options.memoryLimit = try memory.map(Operations.byteCount)
        options.isOffline = hub.offline
        options.cache = caching.options
        options.cache.sizeLimit = try cacheSize.map(Operations.byteCount)
        (options.force, options.from, options.only) = (force, from, only)
        if dryRun {
            try PlanCommand.print(try PipelineRunner(definition, options).plan(), records)
            return
        }
        let reporter = RunReporter(
            isQuiet: records.quiet,
            isVerbose: records.verbose,
            isStreaming: records.chosen == .jsonl
        )
        let report = try PipelineRunner(definition, options, report: reporter.receive).run()
        reporter.finish()
        try Self.print(report, records)
        guard report.gateFailures.isEmpty else {
            for failure in report.gateFailures { Console.message("gate not met: \(failure)") }
            throw ExitCode(ExitStatus.gateNotMet)
        }
    }

    private static func print(_ report: RunReport, _ records: OutputOptions) throws {
        try records.print(report) { format in
            let steps = Table(
                columns: ["step", "status", "seconds"],
                rows: report.steps.map { [$0.step, $0.status.rawValue, numberText($0.seconds, 1)] }
            )
            var parts = [steps.text(format)]
            let made = report.steps.flatMap { $0.quantizations ?? [] }
            if !made.isEmpty { parts.append(Self.quantizations(made, format)) }
            if !report.builds.isEmpty {
                let notes = report.builds.compactMap { build in build.note.map { "  \(build.build): \($0)" } }
                let table = BuildTable.table(report.builds).text(format)
                parts.append(notes.isEmpty ? table : "\(table)\n\(notes.asLines)")
            }
            return parts.joined(separator: "\n\n")
        }
    }

    private static func quantizations(_ made: [RunReport.Quantization], _ format: OutputFormat) -> String {
        let table = Table(
            columns: ["type", "bits/weight", "error %", "worst tensor", "its error %"],
            rows: made.map { quantization in
                let worst = quantization.errors?.max { $0.relativeError < $1.relativeError }
                return [
                    quantization.type, numberText(quantization.bitsPerWeight, 3),
                    numberText(quantization.relativeError.map { $0 * 100 }, 3), worst?.tensor ?? "-",
                    numberText(worst.map { $0.relativeError * 100 }, 3),
                ]
            }
        )
        let fallbacks = made.compactMap { quantization -> String? in
            guard let first = quantization.fallbacks.first else { return nil }
            let count = quantization.fallbacks.count
            let pairs = Set(quantization.fallbacks.map { "\($0.got) in place of \($0.wanted)" }).sorted()
            let tensors = count == 1 ? first.tensor : "\(count) tensors, \(first.tensor) the first,"
            return "  \(quantization.type): \(tensors) got \(pairs.joined(separator: ", ")); \(first.reason ?? "")"
        }
        return fallbacks.isEmpty ? table.text(format) : "\(table.text(format))\n\(fallbacks.asLines)"
    }
}
