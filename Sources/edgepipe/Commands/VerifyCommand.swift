import ArgumentParser
import BinaryIO
import Pipeline
import Steps
import SystemPackage

struct VerifyCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Build a published version again and compare it, build by build.",
        discussion: """
            EXAMPLES
              edgepipe verify --rebuild phi3@1.0.0
              edgepipe verify --rebuild phi3@stable:q4_k_m --json
              edgepipe verify --rebuild phi3@1.0.0 --pipeline pipelines/phi3.yaml

            Takes the pipeline file and the source that the registry recorded, makes the builds in a scratch folder without \
            reading any cache, and compares SHA-256 digests. Nothing is published. Exit status 0: all builds are the same; \
            2: one is different; 3: something that they were made of is missing. `edgepipe registry verify` checks the \
            stored bytes instead.
            """
    )

    @Argument(help: "model@version or model@channel, with or without :type.")
    var version: String

    @Flag(help: "Build again from the source; required.")
    var rebuild = false

    @Option(
        help: ArgumentHelp(
            "The pipeline file, if the registry keeps none or files have moved.",
            valueName: "file"
        )
    )
    var pipeline: String?

    @Option(help: ArgumentHelp("With --pipeline: override a setting of the file.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: ArgumentHelp("Scratch folder; default: a folder beside the registry.", valueName: "folder"))
    var work: String?

    @OptionGroup var workers: WorkOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var hub: HubOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        guard rebuild else {
            throw ValidationError("Give --rebuild. To check the stored bytes, use `edgepipe registry verify`.")
        }
        if pipeline == nil, !set.isEmpty { throw ValidationError("--set changes the file that --pipeline names.") }
    }

    func run() throws {
        var request = RebuildRequest(version, registry: try registry.file)
        (request.pipeline, request.overrides) = (pipeline.map { FilePath($0) }, set)
        (request.folder, request.threads, request.isOffline) = (
            work.map { FilePath($0) }, workers.threads, hub.offline
        )
        let reporter = RunReporter(
            isQuiet: records.quiet,
            isVerbose: records.verbose,
            isStreaming: records.chosen == .jsonl
        )
        let report = try RebuildRun(request, report: reporter.receive).run()
        reporter.finish()
        try records.print(report) { format in
            let table = Table(
                columns: ["build", "recorded", "rebuilt", "result"],
                rows: report.builds.map { build in
                    [
                        build.build, build.recorded.short, build.rebuilt?.short ?? "-",
                        build.isSame ? "same" : build.problem ?? "DIFFERENT",
                    ]
                }
            ).text(format)
            guard format == .table else { return table }
            let verdict =
                report.isSame ? "every build has the bytes that were published" : "NOT the bytes that were published"
            let others = Set(report.builds.map(\.publishedBy)).subtracting([report.edgepipe]).sorted()
            let note =
                report.isSame || others.isEmpty
                ? ""
                : "\nPublished by edgepipe \(others.joined(separator: ", ")), and made again by \(report.edgepipe)."
            return "\(table)\n\n\(report.version): \(verdict)\(note)"
        }
        guard report.isSame else { throw ExitCode(ExitStatus.gateNotMet) }
    }
}
