import SystemPackage

/// What a step is expected to write and to take. Sizes are exact, times are a range.
public struct Forecast: Codable, Sendable, Equatable {
    /// Something that the step makes.
    public struct Output: Codable, Sendable, Equatable {
        /// The build's type, or a file's name.
        public var name: String
        /// nil for what is no file of its own.
        public var bytes: Int?

        package init(name: String, bytes: Int?) { (self.name, self.bytes) = (name, bytes) }
    }

    /// How much is to be done, in a unit of the kind's own, and how fast a machine that is not known does it.
    package struct Work: Sendable, Equatable {
        package var amount: Double
        /// Slowest and fastest, in work a second.
        package var speed: ClosedRange<Double>

        package init(_ amount: Double, speed: ClosedRange<Double>) { (self.amount, self.speed) = (amount, speed) }
    }

    /// In the order of the step's builds.
    public var outputs: [Output] = []
    /// Of the whole process, in bytes.
    public var peakMemoryBytes = 0
    /// The least that is expected.
    public var secondsLow: Double = 0
    /// The most that is expected.
    public var secondsHigh: Double = 0
    package var work: Work?

    private enum CodingKeys: String, CodingKey { case outputs, peakMemoryBytes, secondsLow, secondsHigh }

    /// - Parameter peakMemoryBytes: of the whole process.
    package init(outputs: [Output] = [], peakMemoryBytes: Int, work: Work? = nil) {
        (self.outputs, self.peakMemoryBytes, self.work) = (outputs, peakMemoryBytes, work)
    }

    /// Disk that the step's files take.
    public var diskBytes: Int { outputs.reduce(0) { $0 + ($1.bytes ?? 0) } }

    /// Tells the time, by the speeds of earlier runs where there were any.
    mutating func setTime(by history: SpeedHistory) {
        guard let work else { return }
        let speed = history.range ?? work.speed
        secondsLow = work.amount / speed.upperBound
        secondsHigh = work.amount / speed.lowerBound
    }
}
