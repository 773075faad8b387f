/// What a run would do, before it starts.
public struct PipelinePlan: Codable, Sendable {
    /// Whether a step would run, for at least one build, or is fully cached.
    public enum Action: String, Codable, Sendable { case cached, run }

    /// What a run would do with one step.
    public struct Step: Codable, Sendable {
        /// The step's id.
        public var step: String
        /// The key that introduces it in the file.
        public var kind: String
        /// Whether it would run.
        public var action: Action
        /// The reason, as a phrase.
        public var reason: String
        /// The builds for which the step is due, if it is due for some but not all.
        public var builds: [String]?
        /// The forecast of what is due, or of everything if nothing is due; nil if the model is not known.
        public var forecast: Forecast?

        package init(step: String, kind: String, action: Action, reason: String) {
            (self.step, self.kind, self.action, self.reason) = (step, kind, action, reason)
        }
    }

    /// The pipeline's name.
    public var pipeline: String
    /// The version that the builds would be published under.
    public var version: String
    /// The source of the model; a model of the Hub with its commit.
    public var source: String
    /// The bytes of the model to download first; 0 if it is local, nil if it is not known.
    public var downloadBytes: Int?
    /// The steps in the order of the file.
    public var steps: [Step]
    /// The memory of the step that uses most, in bytes.
    public var peakMemoryBytes: Int
    /// The bytes that the due steps will add to the disk, as far as they are known.
    public var diskBytes: Int
    /// The free bytes on the disk that steps write to; nil if the system does not report them.
    public var freeDiskBytes: Int?
    /// The shortest expected time of all due steps together.
    public var secondsLow: Double
    /// The longest expected time of all due steps together.
    public var secondsHigh: Double

    package init(
        pipeline: String,
        version: String,
        source: String,
        downloadBytes: Int?,
        steps: [Step],
        freeDiskBytes: Int?
    ) {
        let running = steps.filter { $0.action == .run }.compactMap { $0.forecast }
        self.pipeline = pipeline
        self.version = version
        self.source = source
        self.downloadBytes = downloadBytes
        self.steps = steps
        self.freeDiskBytes = freeDiskBytes
        peakMemoryBytes = running.map { $0.peakMemoryBytes }.max() ?? 0
        diskBytes = running.reduce(0) { $0 + $1.diskBytes }
        secondsLow = running.reduce(0) { $0 + $1.secondsLow }
        secondsHigh = running.reduce(0) { $0 + $1.secondsHigh }
    }
}
