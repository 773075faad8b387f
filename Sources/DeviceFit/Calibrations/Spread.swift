/// How wide a range is, as factors of its middle.
struct Spread: Hashable, Sendable {
    let low: Double
    let high: Double

    // Nine of ten measurements that the model was not fitted on lie within (scripts/back-test-fit.py, docs/device-fit.md).

    /// Generating on a chip that was measured.
    static let measured = Spread(low: 0.8, high: 1.2)
    /// Reading prompts there: the smallest files differ most.
    static let measuredPrefill = Spread(low: 0.7, high: 1.6)
    /// A flagship between measured neighbours.
    static let interpolated = Spread(low: 0.55, high: 1.9)
    /// No data for this kind of chip or format; four measurements bear it out.
    static let guessed = Spread(low: 0.5, high: 2)

    /// The wider of two.
    func widened(to other: Spread) -> Spread {
        Spread(low: min(low, other.low), high: max(high, other.high))
    }
}
