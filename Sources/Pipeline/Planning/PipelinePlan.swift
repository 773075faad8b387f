/// What a run would do, before it does anything.
public struct PipelinePlan: Codable, Sendable {
    /// Whether a step would run, for at least one build, or has all it would make.
    public enum Action: String, Codable, Sendable { case cached, run }

    /// What a run would do about one step.
    public struct Step: Codable, Sendable {
        /// The step's id.
        public var step: String
        /// The key that introduces it in the file.
        public var kind: String
        /// Whether it would run.
        public var action: Action
        /// Why, as a phrase.
        public var reason: String
        /// The builds that the step is due for, where it is due for some and not for all.
        public var builds: [String]?
        /// Of what is due; of everything where nothing is. nil where nothing is known of the model.
        public var forecast: Forecast?

        package init(step: String, kind: String, action: Action, reason: String) {
            (self.step, self.kind, self.action, self.reason) = (step, kind, action, reason)
        }
    }

    /// The pipeline's name.
    public var pipeline: String
    /// The version that the builds would be published under.
    public var version: String
    /// Where the model comes from; a model of the Hub with its commit.
    public var source: String
    /// What is fetched of the model first, in bytes; 0 where it is here, nil where nothing is known.
    public var downloadBytes: Int?
    /// In the order of the file.
    public var steps: [Step]
    /// Of the step that takes most, in bytes.
    public var peakMemoryBytes: Int
    /// Bytes that the steps to be run will add to the disk, as far as they are known.
    public var diskBytes: Int
    /// On the disk that steps write to; nil where it does not say.
    public var freeDiskBytes: Int?
    /// The least that all due steps together are expected to take.
    public var secondsLow: Double
    /// The most that all due steps together are expected to take.
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
