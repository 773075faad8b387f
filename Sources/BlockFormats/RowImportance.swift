/// The importance of each column of a row, from an importance matrix, and the mean square that the reference combines
/// it with.
struct RowImportance {
    /// The mean of the squared activations of each column.
    let columns: UnsafePointer<Float>
    /// The mean of the row's squared weights; the 32-weight formats use it, the others that of their block.
    let rowMeanSquare: Float

    init(_ columns: UnsafePointer<Float>, row: UnsafeBufferPointer<Float>) {
        self.columns = columns
        rowMeanSquare = sumOfSquares(row.baseAddress!, count: row.count) / Float(row.count)
    }

    /// Fills a tile with the importance of the weights of four groups: column importance times the root of the mean
    /// square plus the weight's own square.
    @inline(__always)
    func weigh(_ tile: Tile, at column: Int, count: Int, meanSquare: Float, into importance: Tile) {
        transpose(columns + column, count: count, into: importance)
        for index in 0..<count {
            importance[index] = importance[index] * (meanSquare + tile[index] * tile[index]).squareRoot()
        }
    }
}

/// Computes the importance of each weight: its column's importance times the root of the mean square plus its own
/// square, or only its square without an importance matrix.
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

/// Returns the sum of squares, added in order: the order decides the last bits.
@inline(__always)
func sumOfSquares(_ weights: UnsafePointer<Float>, count: Int) -> Float {
    var sum: Float = 0
    for index in 0..<count { sum += weights[index] * weights[index] }
    return sum
}

/// Returns the sum of a tile's elements, one group per lane.
@inline(__always)
func sum(_ tile: Tile, count: Int) -> Lanes {
    var sum = Lanes.zero
    for index in 0..<count { sum += tile[index] }
    return sum
}
