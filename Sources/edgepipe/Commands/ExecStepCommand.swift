import ArgumentParser
import BinaryIO
import Foundation
import Pipeline
import Steps
import SystemPackage

/// The command that a machine of a cluster runs.
struct ExecStepCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec-step",
        abstract: "Run single nodes of a pipeline from cache to cache; the tasks of `submit` use it.",
        discussion: """
            EXAMPLES
              edgepipe exec-step pipelines/phi3.yaml --step 'builds[q4_k_m]' --key KEY --cache /shared/cache
              edgepipe exec-step pipelines/phi3.yaml --publish --registry registry.db --cache /shared/cache

            A cached node is not run again. A node whose key differs here, because of another edgepipe version or a \
            changed input, is rejected. Only --publish opens the registry: it publishes each build whose results are \
            complete.
            """
    )

    @OptionGroup var pipeline: PipelineFileOptions

    @Option(
        name: .customLong("key"),
        help: ArgumentHelp("Key of a node to run; repeat it for several.", valueName: "sha256")
    )
    var keys: [String] = []

    @Option(name: .customLong("step"), help: ArgumentHelp("Name of the key's node, for messages.", valueName: "node"))
    var names: [String] = []

    @Flag(help: "Publish complete builds instead of running nodes.")
    var publish = false

    @OptionGroup var cache: SharedCacheOptions

    @Option(
        help: ArgumentHelp("Local work folder; default: the system's temporary folder.", valueName: "folder")
    )
    var work: String?

    @Option(
        help: ArgumentHelp("Folder that remembers digests of input files; default: the cache.", valueName: "folder")
    )
    var inputs: String?

    @Flag(help: "Reject any difference from edgepipe.lock, and results that it does not have.")
    var locked = false

    @OptionGroup var workers: WorkOptions
    @OptionGroup var registry: RegistryOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        guard keys.isEmpty == publish else { throw ValidationError("Give --key or --publish, and not both.") }
        try cache.require()
        for key in keys where SHA256Digest(hex: key) == nil {
            throw ValidationError("--key takes 64 lower-case hexadecimal digits.")
        }
    }

    func run() throws {
        let definitions = try pipeline.definitions(of: pipeline.read())
        guard definitions.count == 1, let definition = definitions.first else {
            throw PipelineError.severalModels(known: definitions.compactMap(\.model))
        }
        // The folder is unique, so that two tasks of one machine never share a name.
        let folder = FilePath(work ?? NSTemporaryDirectory()).appending("edgepipe-task-\(UUID().uuidString)")
        try makeFolder(folder)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        var options = RunOptions(registry: try registry.file, threads: workers.threadCount)
        options.cache.place = cache.place
        options.cache.inputs = inputs.map { FilePath($0) }
        options.workPlace = folder
        options.isOffline = true
        let reporter = RunReporter(
            isQuiet: records.quiet,
            isVerbose: records.verbose,
            isStreaming: records.chosen == .jsonl
        )
        let lock = LockUse(locked ? .require : .follow, isPart: !pipeline.type.isEmpty)
        let tasks = PipelineTasks(definition, options, lock: lock, report: reporter.receive)
        let outcome =
            publish
            ? try tasks.publish() : try tasks.make(keys: keys.compactMap { SHA256Digest(hex: $0) }, called: names)
        reporter.finish()
        try records.print(outcome) { format in
            Table(columns: ["node", "status"], rows: outcome.nodes.map { [$0.node, $0.status.rawValue] }).text(format)
        }
        guard outcome.problems.isEmpty else {
            for problem in outcome.problems { Console.message(problem) }
            throw ExitCode(outcome.isMissingSomething ? ExitStatus.failed : ExitStatus.gateNotMet)
        }
    }
}
