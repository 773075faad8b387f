/// What becomes of a tensor of the checkpoint.
enum TensorUse: Sendable, Equatable {
    case leftOut
    /// The tensors that are made of it, mostly one.
    case tensors([Output])
    /// It is stacked with its like along a new, slowest dimension.
    case stacked(StackPlace)

    struct Output: Sendable, Equatable {
        var name: String
        var edit = TensorEdit()
    }
}

/// A tensor's place in the stacks that are written together, such as the three of a layer's experts.
struct StackPlace: Sendable, Equatable {
    /// The stacks' names in the output, in the order in which they are written.
    var names: [String]
    /// How many tensors each of them needs.
    var depth: Int
    /// Which of the names it belongs to, and at what height.
    var stack: Int
    var index: Int
}

/// How a tensor's elements change between checkpoint and output.
struct TensorEdit: Sendable, Equatable {
    var order = RowOrder.unchanged
    /// Added to each element, in the checkpoint's precision but no less than half.
    var shift: Float = 0
    /// Whether a dimension of one is taken out, the second slowest.
    var dropsMiddleDimension = false
}

/// The order of a tensor's rows in the output.
package enum RowOrder: Sendable, Equatable {
    case unchanged
    /// Within each of the heads, rows of the first and of the second half alternate: the layout that GGUF's "normal"
    /// RoPE expects, where Hugging Face keeps the halves apart.
    case interleavedHalves(headCount: Int)
    /// The first or the second half of each matrix in a stack of them.
    case half(isSecond: Bool)
    /// Columns become rows.
    case transposed

    /// The source row that becomes row `row`.
    /// - Parameters:
    ///   - rowCount: rows of the output.
    ///   - matrixRows: rows of one matrix of the output.
    @inline(__always)
    package func source(of row: Int, rowCount: Int, matrixRows: Int) -> Int {
        switch self {
        case .unchanged, .transposed:
            return row
        case .interleavedHalves(let headCount):
            let headRows = rowCount / headCount
            let (head, within) = row.quotientAndRemainder(dividingBy: headRows)
            return head * headRows + within % 2 * (headRows / 2) + within / 2
        case .half(let isSecond):
            let (matrix, within) = row.quotientAndRemainder(dividingBy: matrixRows)
            return (2 * matrix + (isSecond ? 1 : 0)) * matrixRows + within
        }
    }
}
