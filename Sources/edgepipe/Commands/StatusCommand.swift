import ArgumentParser
import Cluster
import SystemPackage

/// The options that select the folder of submissions.
struct SubmissionOptions: ParsableArguments {
    @OptionGroup var cache: SharedCacheOptions

    @Option(help: ArgumentHelp("Folder of scripts and logs; default: as for `submit`.", valueName: "folder"))
    var folder: String?

    func validate() throws {
        if folder == nil { try cache.require() }
    }

    /// - Parameter name: the argument: a pipeline file or an id; nil for all.
    func submissions(_ name: String?) throws -> Submissions {
        try Submissions(folder: folder.map { FilePath($0) }, cache: cache.place, of: name)
    }
}

struct StatusCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the progress of submissions.",
        discussion: """
            EXAMPLES
              edgepipe status pipelines/phi3.yaml --cache /shared/cache
              edgepipe status --cache /shared/cache --json

            Cached results count as done; the cluster is asked about the rest.
            """
    )

    @Argument(help: "A pipeline file, or an id that `submit` printed; default: all submissions.")
    var submission: String?

    @OptionGroup var place: SubmissionOptions
    @OptionGroup var records: OutputOptions

    func run() throws {
        let found = try place.submissions(submission).status(of: submission)
        let columns = [
            "submission", "state", "step", "job", "done", "running", "waiting", "refused", "failed", "cancelled",
            "missing",
        ]
        try records.print(found) { format in
            let rows = found.flatMap { status in
                status.steps.map { step in
                    [status.id, status.state.rawValue, step.step, step.job.map { "\($0)" } ?? "-"]
                        + [
                            step.done, step.running, step.waiting, step.refused, step.failed, step.cancelled,
                            step.missing,
                        ].map { "\($0)" }
                }
            }
            return Table(columns: columns, rows: rows).text(format)
        }
    }
}

struct CancelCommand: RecordCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel a submission's waiting and running jobs; cached results are kept.",
        discussion: """
            EXAMPLES
              edgepipe cancel pipelines/phi3.yaml --cache /shared/cache
            """
    )

    @Argument(help: "A pipeline file, or an id that `submit` printed.")
    var submission: String

    @OptionGroup var place: SubmissionOptions
    @OptionGroup var records: OutputOptions

    func run() throws {
        let cancelled = try place.submissions(submission).cancel(submission).map { Cancelled(id: $0.id, jobs: $0.jobs) }
        try records.print(cancelled, columns: ["submission", "jobs"]) { each in
            [each.id, each.jobs.map { "\($0)" }.joined(separator: ", ")]
        }
    }

    private struct Cancelled: Encodable {
        let id: String
        let jobs: [Int]
    }
}
