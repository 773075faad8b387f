/// What each column of a row counts, from an importance matrix, and what the reference weighs it with.
struct RowImportance {
    /// Mean of the squared activations that meet a column, one number a column.
    let columns: UnsafePointer<Float>
    /// Mean of the row's squared weights; the 32-weight formats use it, the others take their block's.
    let rowMeanSquare: Float

    init(_ columns: UnsafePointer<Float>, row: UnsafeBufferPointer<Float>) {
        self.columns = columns
        rowMeanSquare = sumOfSquares(row.baseAddress!, count: row.count) / Float(row.count)
    }

    /// Fills a tile with what the weights of four groups count: column importance times the root of the mean square plus
    /// the weight's own square.
    @inline(__always)
    func weigh(_ tile: Tile, at column: Int, count: Int, meanSquare: Float, into importance: Tile) {
        transpose(columns + column, count: count, into: importance)
        for index in 0..<count {
            importance[index] = importance[index] * (meanSquare + tile[index] * tile[index]).squareRoot()
        }
    }
}

/// What each weight counts: its column's importance times the root of the mean square plus its own square, or its square
/// alone without an importance matrix.
@inline(__always)
func weigh(
    _ x: UnsafePointer<Float>,
    _ columns: UnsafePointer<Float>?,
    count: Int,
    meanSquare: Float,
    into weights: UnsafeMutablePointer<Float>
) {
    for place in 0..<count {
        let square = x[place] * x[place]
        weights[place] = columns.map { $0[place] * (meanSquare + square).squareRoot() } ?? square
    }
}

/// The sum of squares, one after the other: the order decides the last bits.
@inline(__always)
func sumOfSquares(_ weights: UnsafePointer<Float>, count: Int) -> Float {
    var sum: Float = 0
    for index in 0..<count { sum += weights[index] * weights[index] }
    return sum
}

/// The sum of a tile's elements, a lane a group.
@inline(__always)
func sum(_ tile: Tile, count: Int) -> Lanes {
    var sum = Lanes.zero
    for index in 0..<count { sum += tile[index] }
    return sum
}
