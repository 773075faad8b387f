import Answers
import ArgumentParser
import Pipeline
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
              edgepipe run pipelines/phi3.yaml --smoke
              edgepipe run pipelines/phi3.yaml --cache /shared/cache
              edgepipe run pipelines/phi3.yaml --locked

            If the file has several models, all are run, in the order of the file. A step is skipped if its inputs, \
            settings and version have not changed.

            If edgepipe.lock beside the file has an entry for it, models of the Hub are read at the locked revision, and \
            the entry is updated after the run; `edgepipe lock` moves to the newest revision. --locked changes nothing: \
            it rejects any difference before the first step, and stops at a build whose digest is another.
            """
    )

    @OptionGroup var pipeline: PipelineFileOptions

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var hub: HubOptions
    @OptionGroup var caching: CachingOptions

    @Option(
        help: ArgumentHelp("Evict the cache down to this size after the run, such as 50GB.", valueName: "size")
    )
    var cacheSize: String?

    @Option(help: ArgumentHelp("Start at this step; the steps before it must be cached.", valueName: "step"))
    var from: String?

    @Option(help: ArgumentHelp("Run only this step; the steps before it must be cached.", valueName: "step"))
    var only: String?

    @Flag(help: "Run cached steps again.")
    var force = false

    @Flag(help: "After a step fails, continue with the steps that do not need it.")
    var keepGoing = false

    @Option(help: ArgumentHelp("Write an HTML chart of where the time went.", valueName: "file"))
    var timings: String?

    @Flag(help: "Create edgepipe.lock, or the file's entry in it, after the run.")
    var lock = false

    @Flag(help: "Require edgepipe.lock to match; for CI. Nothing is written to it.")
    var locked = false

    @Flag(help: "Print the plan without running it.")
    var dryRun = false

    @Flag(
        help: """
            Run every step on a few of the model's layers, in seconds, into a temporary registry, to check that the \
            file \
            works. Few windows of text are read, and gates are only reported.
            """
    )
    var smoke = false

    @Option(help: ArgumentHelp("Number of threads; default: all processors.", valueName: "n"))
    var jobs: Int?

    @Option(help: ArgumentHelp("Reject steps that need more memory than this, such as 4GB.", valueName: "size"))
    var memory: String?

    @OptionGroup var records: OutputOptions

    func validate() throws {
        if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs takes 1 to 1024.") }
        if smoke, from != nil || only != nil || dryRun || force || timings != nil {
            throw ValidationError(
                "--smoke runs the whole file anew. Leave out --from, --only, --force, --dry-run and --timings."
            )
        }
        if lock, locked { throw ValidationError("Give --lock to write the lock or --locked to obey it, not both.") }
        if smoke || dryRun, lock {
            throw ValidationError("--lock records a whole run. Leave out --smoke and --dry-run.")
        }
        if smoke, locked {
            throw ValidationError("--smoke runs on a cut of the model, which no lock describes. Leave out --locked.")
        }
        if from != nil, only != nil { throw ValidationError("Give --from or --only, not both.") }
    }

    func run() throws {
        let file = try pipeline.read()
        let definitions = try pipeline.definitions(of: file)
        var options = RunOptions(registry: try registry.file, threads: jobs)
        options.memoryLimit = try memory.map(Operations.byteCount)
        options.isOffline = hub.offline
        options.cache = caching.options
        options.cache.sizeLimit = try cacheSize.map(Operations.byteCount)
        (options.force, options.from, options.only) = (force, from, only)
        options.keepsGoing = keepGoing
        let lockUse = LockUse(locked ? .require : lock ? .write : .follow, isPart: !pipeline.type.isEmpty)
        if dryRun {
            let plans = try definitions.map { try PipelineRunner($0, options, lock: lockUse).plan() }
            try PlanCommand.print(plans, of: file, records)
            return
        }
        let reporter = RunReporter(
            isQuiet: records.quiet,
            isVerbose: records.verbose,
            isStreaming: records.chosen == .jsonl
        )
        if smoke {
            let reports = try definitions.map { try SmokeRun($0, options, report: reporter.receive).run() }
            reporter.finish()
            return try records.print(reports, of: file, tables: Self.text(of:_:))
        }
        let clock = RunTimings()
        // The time of a run that fails is also of interest.
        defer {
            if let timings { Self.write(clock, to: FilePath(timings)) }
        }
        let reports = try definitions.map { definition in
            if records.chosen == .jsonl { try Console.print(json: RunHeader(definition), isPretty: false) }
            clock.begin(definition.name)
            return try PipelineRunner(definition, options, lock: lockUse) { event in
                clock.note(event)
                try reporter.receive(event)
            }.run()
        }
        reporter.finish()
        try records.print(reports, of: file, tables: Self.text(of:_:))
        let (errors, failures) = (reports.flatMap(\.errors), reports.flatMap(\.gateFailures))
        for error in errors { Console.message(error) }
        for failure in failures { Console.message("gate not met: \(failure)") }
        if !errors.isEmpty { throw ExitCode(ExitStatus.failed) }
        guard failures.isEmpty else {
            throw ExitCode(ExitStatus.gateNotMet)
        }
    }

    private static func write(_ clock: RunTimings, to path: FilePath) {
        do {
            try clock.write(to: path)
        } catch {
            Console.message("\(error)")
        }
    }

    private static func text(of report: RunReport, _ format: OutputFormat) -> String {
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

    private static func text(of report: SmokeReport, _ format: OutputFormat) -> String {
        let steps = Table(
            columns: ["step", "status", "seconds"],
            rows: report.steps.map { [$0.step, $0.status.rawValue, numberText($0.seconds, 1)] }
        )
        let gates = report.unmetGates.map { "  gate not met by the cut, which means nothing: \($0)" }
        let words =
            "\(report.pipeline): all steps work on \(report.layers) of \(report.modelLayers) layers; nothing was published."
        return ([steps.text(format), "", words] + gates).joined(separator: "\n")
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
