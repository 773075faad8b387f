/// The builds by size and loss; less of both is better.
package struct ParetoFront: Sendable {
    package struct Point: Sendable {
        package var name: String
        package var bytes: Int
        /// Bits per byte, or divergence.
        package var loss: Double
        package var standardError: Double?

        package init(name: String, bytes: Int, loss: Double, standardError: Double?) {
            (self.name, self.bytes, self.loss, self.standardError) = (name, bytes, loss, standardError)
        }
    }

    /// The points by size, smallest first.
    package let points: [Point]
    /// The points that no other point dominates: none is at most as large and at most as lossy, and better in one of
    /// the two.
    package let best: [Point]

    package init(_ points: [Point]) {
        self.points = points.sorted { ($0.bytes, $0.loss, $0.name) < ($1.bytes, $1.loss, $1.name) }
        best = self.points.filter { point in
            !points.contains { other in
                other.bytes <= point.bytes && other.loss <= point.loss
                    && (other.bytes < point.bytes || other.loss < point.loss)
            }
        }
    }

    package func isBest(_ point: Point) -> Bool { best.contains { $0.name == point.name } }
}
