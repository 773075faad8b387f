import BinaryIO
import Foundation
import Pipeline
import SystemPackage

/// The progress of a submission: tasks with products in the cache are done, and Slurm reports which others wait, run or
/// failed.
public struct SubmissionStatus: Codable, Sendable {
    /// The nodes of one step, by their state.
    public struct Step: Codable, Sendable {
        /// The step's id; `publish` for the last job.
        public var step: String
        /// The job's id in the cluster.
        public var job: Int?
        /// The number of nodes in the cache, or published.
        public var done = 0
        public var running = 0
        public var waiting = 0
        /// The number of gates that were not met, by the task's exit status; their products are in the cache.
        public var refused = 0
        public var failed = 0
        public var cancelled = 0
        /// The number of nodes neither in the cache nor in the queue: the task ended long ago, or its product was
        /// evicted.
        public var missing = 0
    }

    /// The state of the whole submission.
    public enum State: String, Codable, Sendable { case running, done, failed, cancelled }

    /// The id for `status` and `cancel`.
    public var id: String
    /// The pipeline's name.
    public var pipeline: String
    public var submittedAt: String
    public var state: State
    /// The steps in the order of submission.
    public var steps: [Step]
    /// The folder of the tasks' logs.
    public var logs: String
}

/// Reports and cancels submissions.
public struct Submissions: Sendable {
    private let folder: SubmissionFolder

    /// - Parameters:
    ///   - folder: the folder with scripts and notes; nil for the cache's, or for one beside the file if the cache is a
    ///     server.
    ///   - cache: the place of products.
    ///   - name: a pipeline file; an id or nil means the current folder.
    /// - Throws: `ClusterError.badRequest` if no folder can be derived, or nothing is there.
    public init(folder: FilePath?, cache: CacheOptions.Place?, of name: String?) throws {
        self.folder = try SubmitRequest.folder(folder, cache: cache, of: name.map { FilePath($0) })
        guard folder == nil, case .server? = cache, FileStatus(self.folder.root) == nil else { return }
        throw ClusterError.badRequest(
            "there is no \(self.folder.root), where `submit` puts scripts while the cache is a server. Name the pipeline's file, or the "
                + "scripts' \(setting: "folder")."
        )
    }

    /// Returns the progress of submissions, the newest first.
    /// - Parameter name: an id, or a pipeline file for the last one of it; nil for all.
    /// - Throws: `ClusterError`.
    public func status(of name: String?) throws -> [SubmissionStatus] {
        let found = try name.map(folder.find) ?? folder.all()
        guard !found.isEmpty else { return [] }
        let queue = try Slurm().queue()
        return try found.map { try status(of: $0, queue) }
    }

    /// Cancels the waiting and running jobs of submissions. Products in the cache are kept.
    /// - Parameter name: an id, or a pipeline file for the last ones of it.
    /// - Returns: the cluster's ids of the jobs, by submission.
    /// - Throws: `ClusterError`.
    public func cancel(_ name: String) throws -> [(id: String, jobs: [Int])] {
        let slurm = Slurm()
        let queue = try slurm.queue().filter(\.isActive)
        return try folder.find(name).map { submission in
            var submission = submission
            let active = Set(queue.filter { $0.name.hasPrefix("\(submission.id).") }.compactMap(\.array))
            let jobs = submission.jobIDs.filter(active.contains)
            try slurm.cancel(jobs)
            submission.stage = .cancelled
            try folder.save(submission)
            return (submission.id, jobs)
        }
    }

    private func status(of submission: Submission, _ queue: [SlurmAnswers.Job]) throws -> SubmissionStatus {
        let cache = try CacheProbe(CacheOptions.Place(submission.cache))
        // A newly installed cluster restarts its numbers, so the name must match, too.
        let own = queue.filter { $0.name.hasPrefix("\(submission.id).") }
        func step(_ job: Submission.Job) throws -> SubmissionStatus.Step {
            var step = SubmissionStatus.Step(step: job.step, job: job.job)
            let entries = own.filter { $0.array == job.job }
            for task in job.tasks {
                // The job that publishes is one task for all builds.
                let entry =
                    job.step == SubmitRun.publishing ? entries.first : entries.first { $0.tasks.contains(task.number) }
                step.count(entry, isCached: try cache.hasRecord(for: task.key))
            }
            return step
        }
        var status = SubmissionStatus(
            id: submission.id,
            pipeline: submission.pipeline,
            submittedAt: submission.submittedAt,
            state: .done,
            steps: try (submission.jobs + (submission.publishing.map { [$0] } ?? [])).map(step),
            logs: folder.folder(submission.id).appending("logs").string
        )
        status.state = status.overall(isCancelled: submission.stage == .cancelled)
        return status
    }
}

extension SubmissionStatus {
    fileprivate func overall(isCancelled: Bool) -> State {
        if steps.contains(where: { $0.running + $0.waiting > 0 }) { return .running }
        if steps.allSatisfy({ $0.refused + $0.failed + $0.cancelled + $0.missing == 0 }) { return .done }
        return isCancelled ? .cancelled : .failed
    }
}

extension SubmissionStatus.Step {
    fileprivate mutating func count(_ entry: SlurmAnswers.Job?, isCached: Bool) {
        let state = entry?.job_state.words.first?.uppercased() ?? ""
        // The last job has this exit status if it published some builds and not others.
        let isRefused =
            entry?.exit_code?.value == 2 && state == "FAILED" && !(isCached && step == SubmitRun.publishing)
        switch state {
        case _ where isRefused: refused += 1
        case _ where isCached: done += 1
        case "PENDING", "REQUEUED", "REQUEUE_HOLD", "CONFIGURING", "SUSPENDED": waiting += 1
        case "RUNNING", "COMPLETING", "STAGE_OUT", "RESIZING": running += 1
        case "CANCELLED", "DEADLINE": cancelled += 1
        case "": missing += 1
        // The task succeeded, but its product is gone.
        case "COMPLETED": missing += 1
        default: failed += 1
        }
    }
}

extension SlurmAnswers.Job {
    /// Whether the job waits or runs.
    package var isActive: Bool {
        job_state.words.contains {
            ["PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "REQUEUED", "REQUEUE_HOLD"]
                .contains($0.uppercased())
        }
    }
}
