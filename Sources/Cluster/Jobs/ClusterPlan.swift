import Pipeline
import Steps

/// How long a pipeline would take on a cluster of several sizes.
public struct ClusterPlan: Codable, Sendable {
    /// On one number of machines.
    public struct Size: Codable, Sendable {
        /// Machines that make a node each at a time.
        public var nodes: Int
        /// The least that is expected, from the first task's begin to the last one's end.
        public var secondsLow: Double
        /// The most that is expected.
        public var secondsHigh: Double
        /// Cores that tasks hold, times how long, in hours: the least that is expected.
        public var coreHoursLow: Double
        /// The most that is expected.
        public var coreHoursHigh: Double
        /// Machines that had something to do at one time; more would stand idle.
        public var mostAtWork: Int
    }

    /// The pipeline's name.
    public var pipeline: String
    /// Tasks that are due, publishing among them.
    public var tasks: Int
    /// What is taken for a task beside its work, in seconds.
    public var overheadSeconds: Double
    /// What tasks write into the cache, in bytes; the same on any number of machines.
    public var writtenBytes: Int
    /// What they read from it.
    public var readBytes: Int
    /// In the order in which they were asked for.
    public var sizes: [Size]

    /// As `scripts/prove-slurm.py --measure` measured it: a task waits to be scheduled, starts, and reads headers.
    private static let overhead = 1.0

    /// Reads headers and the cache; writes nothing.
    /// - Parameters:
    ///   - options: its threads are the cores of a task.
    ///   - sizes: numbers of machines, each at least one.
    /// - Throws: `PipelineError`, and what reading the model throws.
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
