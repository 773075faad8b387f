import BinaryIO
import Foundation
import Pipeline
import Registry
import Steps
import SystemPackage
import Work

/// The result of a submission, or of a dry run.
public struct SubmitReport: Codable, Sendable {
    /// An array of tasks, or the job that publishes.
    public struct Job: Codable, Sendable {
        /// The step's id; `publish` for the last job.
        public var step: String
        /// The job's id in the cluster; nil if nothing was submitted.
        public var job: Int?
        /// The nodes that it makes.
        public var nodes: [String]
        /// The memory that a task requests, in bytes.
        public var memoryBytes: Int
        /// The ids of the jobs, or the names of the steps, that it waits for, in Slurm's syntax.
        public var dependencies: [String]
        /// The script's path.
        public var script: String
    }

    /// The id for `status` and `cancel`.
    public var id: String
    /// The pipeline's name.
    public var pipeline: String
    /// The jobs in the order of submission.
    public var jobs: [Job]
    /// The number of nodes already in the cache.
    public var cached: Int
    /// Other active submissions of the pipeline.
    public var others: [String]
}

/// Submits the due nodes of a pipeline to Slurm.
///
/// Jobs are held until all are submitted: if one is rejected, the earlier ones are cancelled, and none has run.
public struct SubmitRun: Sendable {
    private let request: SubmitRequest
    private let report: RunReporting

    /// Creates a run, by default without reporting.
    public init(_ request: SubmitRequest, report: @escaping RunReporting = { _ in }) {
        (self.request, self.report) = (request, report)
    }

    /// - Throws: `ClusterError`, and the errors of reading the pipeline and its model.
    public func run() throws -> SubmitReport {
        try request.check()
        let definition = try PipelineDefinition(
            path: request.file,
            overrides: request.overrides,
            model: request.model
        ).building(only: request.types)
        let folder = try SubmitRequest.folder(request.folder, cache: request.options.cache.place, of: request.file)
        let slurm = Slurm(carrying: definition.usedEnvironment, forServer: request.isOnServer)
        if request.options.cache.place?.isEachMachinesOwn == true {
            try report(
                RunEvent(
                    event: .remark,
                    step: "",
                    kind: "cache",
                    detail: "\(request.cache) is another server on each machine: tasks elsewhere will not find this one"
                )
            )
        }
        // Slurm is asked first: a model may take hours to download for nothing.
        let machines = try machines(slurm)
        let longest = try slurm.longestArray()
        var options = request.options
        options.threads = request.cpus
        if request.isOnServer { options.cache.inputs = folder.root }
        let lock = LockUse(request.isLocked ? .require : .follow, isPart: !request.types.isEmpty)
        let nodes = try PipelineTasks(definition, options, lock: lock, report: report).nodes()
        let plan = JobPlan(nodes, longest: longest)
        for job in plan.jobs { try check(memory: job.memory, of: job.step, on: machines) }
        try check(memory: plan.publishingMemory, of: Self.publishing, on: machines)
        let others = try working(definition, folder, slurm)
        var submission = Submission(plan, definition, request)
        let written = try write(plan, &submission, folder)
        if !request.isDryRun { try submit(&submission, written, folder, slurm) }
        return SubmitReport(
            id: submission.id,
            pipeline: definition.name,
            jobs: written.jobs(submission),
            cached: nodes.count { !$0.isDue },
            others: others
        )
    }

    // MARK: What the cluster has

    private func machines(_ slurm: Slurm) throws -> [SlurmAnswers.Machine] {
        let machines = try slurm.machines()
        guard let partition = request.partition else { return machines }
        let known = Set(machines.flatMap(\.partitions))
        for name in partition.split(separator: ",").map(String.init) where !known.contains(name) {
            throw ClusterError.unknownPartition(name, known: known.sorted())
        }
        let names = partition.split(separator: ",").map(String.init)
        return machines.filter { machine in machine.partitions.contains { names.contains($0) } }
    }

    private func check(memory: Int, of step: String, on machines: [SlurmAnswers.Machine]) throws {
        let needed = Self.mebibytes(memory) << 20
        let enough = machines.filter { ($0.cpus.value ?? 0) >= request.cpus }
        guard let largest = (enough.isEmpty ? machines : enough).max(by: { $0.memory < $1.memory }) else {
            throw ClusterError.badRequest("the cluster has no machines. Ask `sinfo` what is wrong.")
        }
        guard !enough.isEmpty else {
            throw ClusterError.badRequest(
                "no machine has \(request.cpus) cores; the largest has \(machines.compactMap(\.cpus.value).max() ?? 0). Lower "
                    + "\(setting: "cpus")."
            )
        }
        guard largest.memory >= needed else {
            throw ClusterError.tooLittleMemory(
                step: step,
                needed: needed,
                largest: largest.memory,
                node: largest.name,
                partition: request.partition
            )
        }
    }

    /// Returns a forecast plus a margin, in sbatch's unit.
    private static func mebibytes(_ bytes: Int) -> Int { (bytes + bytes / 10) / (1 << 20) + 33 }

    /// Returns the active submissions of the same file: common nodes are made again, with the same bytes.
    private func working(_ definition: PipelineDefinition, _ folder: SubmissionFolder, _ slurm: Slurm) throws
        -> [String]
    {
        let file = request.file.fromRoot.string
        let earlier = folder.all().filter { $0.file == file && $0.pipeline == definition.name }
        guard !earlier.isEmpty else { return [] }
        let active = Set(try slurm.queue().filter(\.isActive).map(\.name))
        return earlier.filter { submission in active.contains { $0.hasPrefix("\(submission.id).") } }.map(\.id)
    }

    // MARK: Scripts

    /// The scripts on the disk, with their sbatch options.
    fileprivate struct Written {
        struct Script {
            let step: String
            let path: FilePath
            let log: String
            let dependencies: [JobPlan.Dependency]
            let nodes: [String]
            let memory: Int
        }
        var scripts: [Script] = []
        var publishing: Script?
    }

    private func write(_ plan: JobPlan, _ submission: inout Submission, _ folder: SubmissionFolder) throws -> Written {
        let place = folder.folder(submission.id)
        try makeFolder(place.appending("logs"))
        // Pipeline files are kept in git, which would list the files beside them.
        let ignored = folder.root.appending(".gitignore")
        if request.folder == nil, request.isOnServer, FileStatus(ignored) == nil {
            try writeFile("*\n".utf8, to: ignored)
        }
        func script(
            _ name: String,
            _ step: String,
            _ text: String,
            _ nodes: [String],
            _ memory: Int,
            _ waits: [JobPlan.Dependency]
        )
            throws -> Written.Script
        {
            let path = place.appending("\(name).sh")
            try writeFile(text.utf8, to: path)
            // sbatch replaces patterns that begin with a percent sign.
            let logs = place.appending("logs").string.replacing("%", with: "%%")
            let log = step == Self.publishing ? "\(logs)/\(name).log" : "\(logs)/\(name)-%a.log"
            return Written.Script(step: step, path: path, log: log, dependencies: waits, nodes: nodes, memory: memory)
        }
        let inputs = request.isOnServer ? folder.root : nil
        var written = Written()
        for (job, noted) in zip(plan.jobs, submission.jobs) {
            let memory = Self.mebibytes(job.memory)
            let text = BatchScript(
                job,
                named: submission.jobName(job.step),
                memory: memory,
                inputs: inputs,
                request
            ).text
            written.scripts.append(
                try script(noted.script, job.step, text, job.tasks.map(\.node), memory << 20, job.dependencies)
            )
        }
        if let publishing = submission.publishing {
            let memory = Self.mebibytes(plan.publishingMemory)
            let text = BatchScript(
                publishing: submission.jobName(Self.publishing),
                memory: memory,
                inputs: inputs,
                request
            ).text
            written.publishing = try script(
                publishing.script,
                Self.publishing,
                text,
                plan.published.map(\.node),
                memory << 20,
                []
            )
        }
        return written
    }

    /// The name of the last job.
    static let publishing = "publish"

    // MARK: Submitting

    private func submit(_ submission: inout Submission, _ written: Written, _ folder: SubmissionFolder, _ slurm: Slurm)
        throws
    {
        try folder.save(submission)
        do {
            var held: [Int] = []
            for (index, script) in written.scripts.enumerated() {
                try Interruption.check()
                let dependencies = script.dependencies.map { $0.words { submission.jobs[$0].job ?? 0 } }
                let isHeld = dependencies.isEmpty
                let job = try slurm.submit(script.path, after: dependencies, isHeld: isHeld, log: script.log)
                submission.jobs[index].job = job
                if isHeld { held.append(job) }
                try folder.save(submission)
            }
            if let script = written.publishing {
                let before = submission.jobIDs.map { "\($0)" }.joined(separator: ":")
                let dependencies = before.isEmpty ? [] : ["afterany:\(before)"]
                let isHeld = dependencies.isEmpty
                let job = try slurm.submit(script.path, after: dependencies, isHeld: isHeld, log: script.log)
                submission.publishing?.job = job
                if isHeld { held.append(job) }
            }
            submission.stage = .submitted
            try folder.save(submission)
            try slurm.release(held)
        } catch {
            let jobs = submission.jobIDs
            do { try slurm.cancel(jobs) } catch is ClusterError {
                try? folder.save(submission)
                // The roots of the graph are held, so nothing runs.
                throw ClusterError.leftHeld(
                    id: submission.id,
                    jobs: jobs,
                    folder: folder.root.string,
                    words: (error as? ClusterError)?.programsWords ?? "\(error)"
                )
            }
            submission.stage = .cancelled
            try? folder.save(submission)
            throw error
        }
    }
}

extension SubmitRun.Written {
    fileprivate func jobs(_ submission: Submission) -> [SubmitReport.Job] {
        func job(_ script: Script, _ id: Int?, _ dependencies: [String]) -> SubmitReport.Job {
            SubmitReport.Job(
                step: script.step,
                job: id,
                nodes: script.nodes,
                memoryBytes: script.memory,
                dependencies: dependencies,
                script: script.path.string
            )
        }
        let arrays = zip(scripts, submission.jobs).map { script, noted in
            job(
                script,
                noted.job,
                script.dependencies.map { dependency in
                    dependency.words { submission.jobs[$0].job.map { "\($0)" } ?? submission.jobs[$0].script }
                }
            )
        }
        guard let publishing else { return arrays }
        return arrays + [job(publishing, submission.publishing?.job, scripts.isEmpty ? [] : ["afterany: all"])]
    }
}

extension JobPlan.Dependency {
    /// Returns the dependency in sbatch's syntax.
    /// - Parameter name: returns the name of a job, by its index.
    fileprivate func words(_ name: (Int) -> some CustomStringConvertible) -> String {
        switch self {
        case .each(let job): "aftercorr:\(name(job))"
        case .all(let job): "afterok:\(name(job))"
        }
    }
}

extension SlurmAnswers.Machine {
    /// The memory in bytes.
    fileprivate var memory: Int { (real_memory.value ?? 0) << 20 }
}

extension Submission {
    fileprivate init(_ plan: JobPlan, _ definition: PipelineDefinition, _ request: SubmitRequest) {
        func note(_ tasks: [JobPlan.Task]) -> [Task] {
            tasks.map { Task(number: $0.number, node: $0.node, key: $0.key) }
        }
        format = Self.currentFormat
        let stamp = Date().formatted(.iso8601.dateSeparator(.omitted).timeSeparator(.omitted)).lowercased()
        let mark = String(UUID().uuidString.lowercased().prefix(4))
        id = "\(definition.name.prefix(80))-\(stamp)-\(mark)"
        pipeline = definition.name
        file = request.file.fromRoot.string
        cache = request.cachePlace
        edgepipe = Edgepipe.version
        submittedAt = Date().formatted(.iso8601)
        stage = .submitting
        jobs = plan.jobs.enumerated().map { index, job in
            Job(step: job.step, script: "\(index)-\(Self.plain(job.step))", job: nil, tasks: note(job.tasks))
        }
        publishing =
            plan.published.isEmpty
            ? nil : Job(step: SubmitRun.publishing, script: "publish", job: nil, tasks: note(plan.published))
    }
}
