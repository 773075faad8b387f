import ArgumentParser
import BinaryIO
import Cluster
import Foundation
import Pipeline
import Steps
import SystemPackage

/// The system that runs the tasks of a submission.
enum ClusterEngine: String, ExpressibleByArgument, CaseIterable { case slurm }

struct SubmitCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Run a pipeline file on a cluster: everything that is not cached becomes a job.",
        discussion: """
            EXAMPLES
              edgepipe submit pipelines/phi3.yaml --engine slurm --cache /shared/cache
              edgepipe submit pipelines/phi3.yaml --cache /shared/cache --partition cpu --cpus 16 --dry-run
              edgepipe submit pipelines/phi3.yaml --cache https://cache.example.com --locked

            All machines must see the cache, the pipeline file and its inputs under the same paths, and run the same \
            edgepipe. Only the last job opens the registry. See docs/cluster.md.
            """
    )

    @OptionGroup var pipeline: PipelineFileOptions

    @Option(help: "The cluster's scheduler: slurm.")
    var engine = ClusterEngine.slurm

    @OptionGroup var cache: SharedCacheOptions

    @Option(help: ArgumentHelp("The partition; default: the cluster's own.", valueName: "name"))
    var partition: String?

    @Option(help: ArgumentHelp("Cores per task.", valueName: "n"))
    var cpus = 4

    @Option(
        help: ArgumentHelp(
            "Time limit of a task, such as 4:00:00; default: the partition's own.",
            valueName: "time"
        )
    )
    var time: String?

    @Option(help: ArgumentHelp("The host that holds the registry; default: any.", valueName: "host"))
    var publishOn: String?

    @Option(help: ArgumentHelp("The program that tasks run; default: this one.", valueName: "path"))
    var program: String?

    @Option(
        help: ArgumentHelp(
            "Folder for scripts and logs; default: `submissions` in the cache, or `edgepipe-submissions` beside the file if the cache is a server.",
            valueName: "folder"
        )
    )
    var folder: String?

    @Flag(help: "Reject any difference from edgepipe.lock, before submitting and in every task.")
    var locked = false

    @Flag(help: "Write the scripts without submitting them.")
    var dryRun = false

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var hub: HubOptions
    @OptionGroup var records: OutputOptions

    func validate() throws { try cache.require() }

    func run() throws {
        let file = try pipeline.read()
        let definitions = try pipeline.definitions(of: file)
        let reporter = RunReporter(
            isQuiet: records.quiet,
            isVerbose: records.verbose,
            isStreaming: records.chosen == .jsonl
        )
        let reports = try definitions.map { definition in
            try SubmitRun(try request(for: definition), report: reporter.receive).run()
        }
        reporter.finish()
        try records.print(reports, of: file) { report, format in
            Table(
                columns: ["job", "step", "nodes", "memory", "waits for"],
                rows: report.jobs.map { job in
                    [
                        job.job.map { "\($0)" } ?? "-", job.step, "\(job.nodes.count)", sizeText(job.memoryBytes),
                        job.dependencies.joined(separator: ", "),
                    ]
                }
            ).text(format)
        }
        for report in reports {
            for other in report.others {
                records.remark("\(other) of the same file is at work; what both make is made twice, to the same bytes")
            }
            let scripts = report.jobs.first.map { FilePath($0.script).removingLastComponent().string } ?? ""
            records.remark(dryRun ? "scripts are in \(scripts)" : "submitted as \(report.id)")
        }
    }

    private func request(for definition: PipelineDefinition) throws -> SubmitRequest {
        var options = RunOptions(registry: try registry.file)
        options.cache.place = cache.place
        options.isOffline = hub.offline
        let own = Bundle.main.executablePath ?? CommandLine.arguments[0]
        var request = SubmitRequest(
            FilePath(pipeline.file),
            pipeline.set,
            options,
            cache: cache.text ?? "",
            program: FilePath(program ?? own)
        )
        (request.partition, request.cpus, request.timeLimit) = (partition, cpus, time)
        (request.publishingHost, request.isDryRun, request.model) = (publishOn, dryRun, definition.model)
        (request.types, request.isLocked) = (pipeline.type, locked)
        request.folder = folder.map { FilePath($0) }
        return request
    }
}
