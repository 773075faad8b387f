/// How wide a range is, as factors of its middle.
struct Spread: Hashable, Sendable {
    let low: Double
    let high: Double

    /// [P, J; §7] A chip that was measured.
    static let measured = Spread(low: 0.85, high: 1.15)
    /// [§7] A flagship between measured neighbours.
    static let interpolated = Spread(low: 0.65, high: 1.35)
    /// [§7] No data for this kind of chip or format.
    static let guessed = Spread(low: 0.5, high: 2)

    /// The wider of two.
    func widened(to other: Spread) -> Spread {
        Spread(low: min(low, other.low), high: max(high, other.high))
    }
}
