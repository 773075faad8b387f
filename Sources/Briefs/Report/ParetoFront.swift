/// Builds by size and loss, where less of both is better.
struct ParetoFront: Sendable {
    struct Point: Sendable {
        var name: String
        var bytes: Int
        /// Bits per byte, or divergence.
        var loss: Double
        var standardError: Double?
    }

    /// By size, the smallest first.
    let points: [Point]
    /// Those that no other point betters: no point is at most as large and at most as lossy, and less of one.
    let best: [Point]

    init(_ points: [Point]) {
        self.points = points.sorted { ($0.bytes, $0.loss, $0.name) < ($1.bytes, $1.loss, $1.name) }
        best = self.points.filter { point in
            !points.contains { other in
                other.bytes <= point.bytes && other.loss <= point.loss
                    && (other.bytes < point.bytes || other.loss < point.loss)
            }
        }
    }

    func isBest(_ point: Point) -> Bool { best.contains { $0.name == point.name } }
}
