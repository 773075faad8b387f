import BinaryIO
import Foundation
import Pipeline
import SystemPackage

/// How far a submission is: what is in the cache is done, and of the rest Slurm says whether it waits, runs or failed.
public struct SubmissionStatus: Codable, Sendable {
    /// Nodes of one step by what became of them.
    public struct Step: Codable, Sendable {
        /// The step's id; `publish` for the last job.
        public var step: String
        /// The cluster's number.
        public var job: Int?
        /// In the cache, or published.
        public var done = 0
        public var running = 0
        public var waiting = 0
        /// A gate that was not met, by what the task ended with; its product is in the cache.
        public var refused = 0
        public var failed = 0
        public var cancelled = 0
        /// Neither in the cache nor in the queue: the task ended long ago, or its product was evicted.
        public var missing = 0
    }

    /// What became of the whole.
    public enum State: String, Codable, Sendable { case running, done, failed, cancelled }

    /// By which `status` and `cancel` know it.
    public var id: String
    /// The pipeline's name.
    public var pipeline: String
    public var submittedAt: String
    public var state: State
    /// In the order in which they were submitted.
    public var steps: [Step]
    /// Where the tasks' logs are.
    public var logs: String
}

/// Looks after what was submitted.
public struct Submissions: Sendable {
    private let folder: SubmissionFolder

    /// - Parameters:
    ///   - folder: where scripts and notes are; nil for the cache's, or for one beside the file where the cache is a server.
    ///   - cache: where products are.
    ///   - name: a pipeline file; an id or nil stands for the current folder.
    /// - Throws: `ClusterError.badRequest` where nothing says where to look, or nothing is there.
    public init(folder: FilePath?, cache: CacheOptions.Place?, of name: String?) throws {
        self.folder = try SubmitRequest.folder(folder, cache: cache, of: name.map { FilePath($0) })
        guard folder == nil, case .server? = cache, FileStatus(self.folder.root) == nil else { return }
        throw ClusterError.badRequest(
            "there is no \(self.folder.root), where `submit` puts scripts while the cache is a server. Name the pipeline's file, or the "
                + "scripts' \(setting: "folder")."
        )
    }

    /// How far submissions are, the newest first.
    /// - Parameter name: an id, or a pipeline file for the last one of it; nil for all.
    /// - Throws: `ClusterError`.
    public func status(of name: String?) throws -> [SubmissionStatus] {
        let found = try name.map(folder.find) ?? folder.all()
        guard !found.isEmpty else { return [] }
        let queue = try Slurm().queue()
        return try found.map { try status(of: $0, queue) }
    }

    /// Cancels what waits or runs of submissions. What is in the cache stays.
    /// - Parameter name: an id, or a pipeline file for the last ones of it.
    /// - Returns: the cluster's numbers of the jobs, by submission.
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
        // Numbers begin anew where a cluster is set up again, so a name has to agree.
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
        // The last job ends so where it published some builds and not others.
        let isRefused =
            entry?.exit_code?.value == 2 && state == "FAILED" && !(isCached && step == SubmitRun.publishing)
        switch state {
        case _ where isRefused: refused += 1
        case _ where isCached: done += 1
        case "PENDING", "REQUEUED", "REQUEUE_HOLD", "CONFIGURING", "SUSPENDED": waiting += 1
        case "RUNNING", "COMPLETING", "STAGE_OUT", "RESIZING": running += 1
        case "CANCELLED", "DEADLINE": cancelled += 1
        case "": missing += 1
        // It ended well, and its product is gone.
        case "COMPLETED": missing += 1
        default: failed += 1
        }
    }
}

extension SlurmAnswers.Job {
    /// Whether it waits or runs.
    package var isActive: Bool {
        job_state.words.contains {
            ["PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "REQUEUED", "REQUEUE_HOLD"]
                .contains($0.uppercased())
        }
    }
}
