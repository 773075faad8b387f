/// The speeds of one kind of step in runs of this registry.
struct SpeedHistory {
    /// The speeds in work per second, the latest first.
    let speeds: [Double]

    /// The most speeds that count: older runs were on another machine, or of another version.
    private static let mostRuns = 8
    /// The factor by which two runs of the same work may differ.
    private static let spread = 1.25

    /// The slowest and fastest speed to expect; nil if no step ran yet.
    var range: ClosedRange<Double>? {
        let latest = speeds.prefix(Self.mostRuns)
        guard let slowest = latest.min(), let fastest = latest.max() else { return nil }
        return slowest / Self.spread...fastest * Self.spread
    }
}
