import ArgumentParser
import Pipeline
import Steps
import SystemPackage

struct LockCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Record which revisions and files a pipeline reads, in edgepipe.lock.",
        discussion: """
            EXAMPLES
              edgepipe lock pipelines/phi3.yaml
              edgepipe run pipelines/phi3.yaml --locked

            Writes or refreshes the file's entry in edgepipe.lock, in the same folder: the newest revision of each model of \
            the Hub (which is downloaded), SHA-256 digests of all files that a run reads, and digests of results that are \
            cached. No step runs; `edgepipe run` adds the digests of what it makes. Commit the file: `edgepipe run` reads the \
            locked revisions, and `edgepipe run --locked` rejects any difference.
            """
    )

    @Argument(help: "The pipeline file.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Option(
        help: ArgumentHelp(
            "Override a setting of the file, as `edgepipe run` will be told to, too.",
            valueName: "key=value"
        )
    )
    var set: [String] = []

    @Option(help: ArgumentHelp("Only this model of a file with several; may be repeated.", valueName: "name"))
    var model: [String] = []

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var hub: HubOptions
    @OptionGroup var caching: CachingOptions
    @OptionGroup var records: OutputOptions

    func run() throws {
        let pipelines = try PipelineFile(path: FilePath(file), overrides: set)
        var options = RunOptions(registry: try registry.file)
        options.isOffline = hub.offline
        options.cache = caching.options
        let reporter = RunReporter(
            isQuiet: records.quiet,
            isVerbose: records.verbose,
            isStreaming: records.chosen == .jsonl
        )
        let reports = try pipelines.definitions(of: model).map { definition in
            try LockRun(definition, options, report: reporter.receive).run()
        }
        reporter.finish()
        try records.print(reports, of: pipelines, separator: "\n") { report, _ in
            let state = report.isChanged ? "written" : "unchanged"
            let made = "\(report.steps) results, \(report.known) of them with digests"
            let head =
                "\(report.lock): \(report.pipeline) \(state); \(report.sourceFiles) files of the model, \(report.inputs) others, \(made)"
            return ([head] + report.differences.map { "  \($0)" }).asLines
        }
    }
}
