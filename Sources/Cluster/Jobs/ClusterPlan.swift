import Pipeline
import Steps

/// The time that a pipeline would take on clusters of several sizes.
public struct ClusterPlan: Codable, Sendable {
    /// The time on one number of machines.
    public struct Size: Codable, Sendable {
        /// The number of machines, each of which makes one node at a time.
        public var nodes: Int
        /// The shortest expected time, from the start of the first task to the end of the last one.
        public var secondsLow: Double
        /// The longest expected time.
        public var secondsHigh: Double
        /// The core-hours of the tasks, cores times hours: the least expected.
        public var coreHoursLow: Double
        /// The most expected core-hours.
        public var coreHoursHigh: Double
        /// The most machines that work at the same time; more would be idle.
        public var mostAtWork: Int
    }

    /// The pipeline's name.
    public var pipeline: String
    /// The number of due tasks, including publishing.
    public var tasks: Int
    /// The assumed time of a task in addition to its work, in seconds.
    public var overheadSeconds: Double
    /// The bytes that tasks write to the cache; the same for any number of machines.
    public var writtenBytes: Int
    /// The bytes that tasks read from the cache.
    public var readBytes: Int
    /// The sizes in the order of the request.
    public var sizes: [Size]

    /// The overhead in seconds, measured with `scripts/prove-slurm.py --measure`: a task waits to be scheduled, starts,
    /// and reads headers.
    private static let overhead = 1.0

    /// Reads headers and the cache, and writes nothing.
    /// - Parameters:
    ///   - options: its threads are the cores of a task.
    ///   - sizes: numbers of machines, each at least one.
    /// - Throws: `PipelineError`, and the errors of reading the model.
    public init(_ definition: PipelineDefinition, _ options: RunOptions, sizes: [Int]) throws {
        let nodes = try PipelineTasks(definition, options).nodes(isPlanned: true)
        pipeline = definition.name
        tasks = nodes.count { $0.isDue && !$0.publishes } + (nodes.contains { $0.isDue && $0.publishes } ? 1 : 0)
        overheadSeconds = Self.overhead
        let fileBytes = Dictionary(uniqueKeysWithValues: nodes.map { ($0.name, $0.forecast.diskBytes) })
        let due = nodes.filter(\.isDue)
        writtenBytes = due.filter { !$0.publishes }.reduce(0) { $0 + $1.forecast.diskBytes }
        readBytes = due.flatMap(\.inputs).reduce(0) { $0 + (fileBytes[$1] ?? 0) }
        let coreHours = Double(options.threads) / 3600
        self.sizes = sizes.map { size in
            func schedule(_ seconds: (Forecast) -> Double) -> Schedule {
                Schedule(of: nodes, on: size, overhead: Self.overhead, seconds: seconds)
            }
            let (low, high) = (schedule { $0.secondsLow }, schedule { $0.secondsHigh })
            return Size(
                nodes: size,
                secondsLow: low.seconds,
                secondsHigh: high.seconds,
                coreHoursLow: low.machineSeconds * coreHours,
                coreHoursHigh: high.machineSeconds * coreHours,
                mostAtWork: max(low.mostAtWork, high.mostAtWork)
            )
        }
    }
}
