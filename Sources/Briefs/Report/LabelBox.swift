/// The box that a label would occupy, estimated from its letters.
struct LabelBox {
    var x, y, width, height: Double

    func overlaps(_ other: LabelBox) -> Bool {
        x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
    }

    func contains(_ other: LabelBox) -> Bool {
        x <= other.x && y <= other.y && other.x + other.width <= x + width && other.y + other.height <= y + height
    }

    /// Positions around a point, best first: above to the right, where the staircase line of a front does not pass.
    static func candidates(
        around x: Double,
        _ y: Double,
        letters: Int
    ) -> [(box: LabelBox, x: Double, y: Double, anchor: String)] {
        let width = Double(letters) * 7.8
        let offsets: [(dx: Double, dy: Double, anchor: String)] = [
            (11, -10, "start"), (-11, 20, "end"), (-13, 4, "end"), (0, 25, "middle"), (0, -15, "middle"),
            (13, 18, "start"),
            (-11, -12, "end"),
        ]
        return offsets.map { dx, dy, anchor in
            let start = anchor == "start" ? x + dx : anchor == "end" ? x + dx - width : x - width / 2
            return (LabelBox(x: start, y: y + dy - 11, width: width, height: 15), x + dx, y + dy, anchor)
        }
    }
}
