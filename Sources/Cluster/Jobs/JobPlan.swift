import BinaryIO
import Pipeline
import Steps

/// The due nodes of a pipeline as jobs: the nodes of a step are the tasks of one array, which is split if it would be
/// too long, and where nodes wait for different jobs.
package struct JobPlan {
    /// A node that a task makes.
    package struct Task: Equatable {
        /// The task's number in its array.
        package let number: Int
        package let node: String
        package let key: SHA256Digest
    }

    /// The dependency of a job, by the index of the other job.
    package enum Dependency: Hashable {
        /// Each task waits for the task of the same number.
        case each(Int)
        /// All tasks wait for all.
        case all(Int)
    }

    /// An array of tasks that do the same for different builds.
    package struct Job {
        package let step: String
        package let kind: String
        package var tasks: [Task]
        package let dependencies: [Dependency]
        /// The most memory of a task, in bytes.
        package var memory: Int
    }

    package private(set) var jobs: [Job] = []
    /// The nodes that are published at the end.
    package let published: [Task]
    /// The most memory of publishing, in bytes.
    let publishingMemory: Int

    /// - Parameters:
    ///   - nodes: all nodes of the pipeline, in the order of its file.
    ///   - longest: the most tasks of an array.
    package init(_ nodes: [PipelineTasks.Node], longest: Int) {
        let publishing = nodes.filter(\.publishes)
        published = publishing.enumerated().map { Task(number: $0, node: $1.name, key: $1.key) }
        publishingMemory = publishing.map(\.forecast.peakMemoryBytes).max() ?? 0
        // A build has the same number in all steps, so that the numbers link the tasks of two arrays.
        var numbers: [String: Int] = [:]
        for build in nodes.compactMap(\.build) where numbers[build] == nil { numbers[build] = numbers.count }

        var places: [String: (job: Int, build: String?)] = [:]
        for node in nodes where node.isDue && !node.publishes {
            let number = node.build.flatMap { numbers[$0] } ?? 0
            let dependencies = Self.dependencies(of: node, places)
            let task = Task(number: number % longest, node: node.name, key: node.key)
            let index = jobs.firstIndex { job in
                job.step == node.step && job.dependencies == dependencies
                    && job.tasks.count < longest && !job.tasks.contains { $0.number == task.number }
            }
            if let index {
                jobs[index].tasks.append(task)
                jobs[index].memory = max(jobs[index].memory, node.forecast.peakMemoryBytes)
            } else {
                jobs.append(
                    Job(
                        step: node.step,
                        kind: node.kind,
                        tasks: [task],
                        dependencies: dependencies,
                        memory: node.forecast.peakMemoryBytes
                    )
                )
            }
            places[node.name] = (index ?? jobs.count - 1, node.build)
        }
    }

    /// Returns the dependencies on the jobs that make the node's inputs; inputs in the cache need no waiting.
    private static func dependencies(
        of node: PipelineTasks.Node,
        _ places: [String: (job: Int, build: String?)]
    ) -> [Dependency] {
        let found = node.inputs.compactMap { input -> Dependency? in
            guard let place = places[input] else { return nil }
            return node.build != nil && place.build == node.build ? .each(place.job) : .all(place.job)
        }
        return Set(found).sorted { $0.order < $1.order }
    }
}

extension JobPlan.Dependency {
    /// The index of the other job.
    var job: Int {
        switch self {
        case .each(let job), .all(let job): job
        }
    }

    fileprivate var order: Int {
        switch self {
        case .each(let job): 2 * job
        case .all(let job): 2 * job + 1
        }
    }
}

extension JobPlan.Job {
    /// The numbers of the tasks in Slurm's syntax: `0-3,7`.
    package var numbers: String {
        var ranges: [ClosedRange<Int>] = []
        for number in tasks.map(\.number).sorted() {
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
