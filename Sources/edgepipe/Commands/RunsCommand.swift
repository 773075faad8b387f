import Answers
import ArgumentParser
import BinaryIO
import Foundation
import Registry

struct RunsCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List the runs recorded in a registry, newest first.",
        discussion: """
            EXAMPLES
              edgepipe runs
              edgepipe runs --pipeline phi3 --limit 5 --json

            A run that was killed stays "running", without an end time.
            """
    )

    @Option(help: ArgumentHelp("Only runs of this pipeline.", valueName: "name"))
    var pipeline: String?

    @Option(help: ArgumentHelp("Maximum number of runs.", valueName: "n"))
    var limit = 20

    @OptionGroup var registry: RegistryOptions
    @OptionGroup var records: OutputOptions

    func validate() throws {
        if !(1...10_000).contains(limit) { throw ValidationError("--limit takes 1 to 10000.") }
    }

    func run() throws {
        let runs = try registry.reading { try $0.runs(of: pipeline, limit: limit) }
        try records.print(runs, columns: ["started", "pipeline", "status", "seconds", "edgepipe", "definition"]) {
            run in
            [
                run.startedAt.formatted(.iso8601), run.pipeline, run.status.rawValue,
                numberText(run.finishedAt.map { $0.timeIntervalSince(run.startedAt) }, 1), run.toolVersion,
                run.pipelineDigest.short,
            ]
        }
    }
}
