/// How fast one kind of step was in runs of this registry.
struct SpeedHistory {
    /// In work a second, the latest first.
    let speeds: [Double]

    /// Runs of long ago were on another machine, or of another version.
    private static let mostRuns = 8
    /// What two runs of the same work may differ by.
    private static let spread = 1.25

    /// Slowest and fastest that is to be expected; nil where nothing ran yet.
    var range: ClosedRange<Double>? {
        let latest = speeds.prefix(Self.mostRuns)
        guard let slowest = latest.min(), let fastest = latest.max() else { return nil }
        return slowest / Self.spread...fastest * Self.spread
    }
}
