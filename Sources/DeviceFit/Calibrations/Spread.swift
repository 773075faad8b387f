/// The width of a range, as factors of its middle.
struct Spread: Hashable, Sendable {
    let low: Double
    let high: Double

    // Nine of ten measurements outside the fit are within these ranges (scripts/back-test-fit.py, docs/device-fit.md).

    /// Decoding on a measured chip.
    static let measured = Spread(low: 0.8, high: 1.2)
    /// Prefill on a measured chip: the smallest files differ most.
    static let measuredPrefill = Spread(low: 0.7, high: 1.6)
    /// A flagship between measured neighbours.
    static let interpolated = Spread(low: 0.55, high: 1.9)
    /// No data for this kind of chip or format; four measurements confirm the range.
    static let guessed = Spread(low: 0.5, high: 2)

    /// Returns the wider of two spreads.
    func widened(to other: Spread) -> Spread {
        Spread(low: min(low, other.low), high: max(high, other.high))
    }
}
