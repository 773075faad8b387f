import SystemPackage

/// What a step is expected to write and use. Sizes are exact, times are a range.
public struct Forecast: Codable, Sendable, Equatable {
    /// An output of the step.
    public struct Output: Codable, Sendable, Equatable {
        /// The build's type, or a file's name.
        public var name: String
        /// The size; nil for an output without a file of its own.
        public var bytes: Int?

        package init(name: String, bytes: Int?) { (self.name, self.bytes) = (name, bytes) }
    }

    /// The amount of work in a unit of the kind's own, and the speed of an unknown machine.
    package struct Work: Sendable, Equatable {
        package var amount: Double
        /// The slowest and fastest speed, in work per second.
        package var speed: ClosedRange<Double>

        package init(_ amount: Double, speed: ClosedRange<Double>) { (self.amount, self.speed) = (amount, speed) }
    }

    /// The outputs in the order of the step's builds.
    public var outputs: [Output] = []
    /// The peak memory of the whole process, in bytes.
    public var peakMemoryBytes = 0
    /// The shortest expected time.
    public var secondsLow: Double = 0
    /// The longest expected time.
    public var secondsHigh: Double = 0
    package var work: Work?

    private enum CodingKeys: String, CodingKey { case outputs, peakMemoryBytes, secondsLow, secondsHigh }

    /// - Parameter peakMemoryBytes: the peak memory of the whole process.
    package init(outputs: [Output] = [], peakMemoryBytes: Int, work: Work? = nil) {
        (self.outputs, self.peakMemoryBytes, self.work) = (outputs, peakMemoryBytes, work)
    }

    /// The disk space of the step's files.
    public var diskBytes: Int { outputs.reduce(0) { $0 + ($1.bytes ?? 0) } }

    /// Sets the expected time, by the speeds of earlier runs if there were any.
    mutating func setTime(by history: SpeedHistory) {
        guard let work else { return }
        let speed = history.range ?? work.speed
        secondsLow = work.amount / speed.upperBound
        secondsHigh = work.amount / speed.lowerBound
    }
}
