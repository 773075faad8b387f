/// The slowest acceptable transfer. A server that sends a byte now and then would hold a download forever without ever
/// being idle for long.
package struct LowestRate: Sendable {
    /// Bytes per second, on average over the window.
    package var bytesPerSecond = 1024
    package var window = Duration.seconds(60)

    package init(bytesPerSecond: Int = 1024, window: Duration = .seconds(60)) {
        (self.bytesPerSecond, self.window) = (bytesPerSecond, window)
    }
}

/// Measures the rate of one transfer.
package struct RateCheck {
    package struct TooSlow: Error, CustomStringConvertible {
        package let bytes: Int
        package let seconds: Int64
        package var description: String { "only \(bytes) bytes came within \(seconds) seconds" }
    }

    private let lowest: LowestRate
    private let clock = ContinuousClock()
    private var began: ContinuousClock.Instant
    private var bytes = 0

    package init(_ lowest: LowestRate) {
        self.lowest = lowest
        began = clock.now
    }

    /// - Throws: `TooSlow` if a whole window transferred too few bytes.
    package mutating func note(_ count: Int) throws {
        bytes += count
        let elapsed = clock.now - began
        guard elapsed >= lowest.window else { return }
        let seconds = elapsed.components.seconds
        if bytes < lowest.bytesPerSecond * Int(max(1, seconds)) { throw TooSlow(bytes: bytes, seconds: seconds) }
        (bytes, began) = (0, clock.now)
    }
}
