import Safetensors

/// The use of a tensor of the checkpoint.
enum TensorUse: Sendable, Equatable {
    case leftOut
    /// Engines do not support it; it is left out if it is all zeros.
    case leftOutIfZero
    /// The output tensors that are made of it, mostly one.
    case tensors([Output])
    /// Stacked with similar tensors along a new, slowest dimension.
    case stacked(StackPlace)
    /// The blocks or the exponents of a stack in MXFP4.
    case packed(PackPlace)

    struct Output: Sendable, Equatable {
        var name: String
        var edit = TensorEdit()
    }
}

/// A tensor's place in stacks that are written together, such as the three of a layer's experts.
struct StackPlace: Sendable, Equatable {
    /// The stacks' names in the output, in the order in which they are written.
    var names: [String]
    /// The number of tensors in each stack.
    var depth: Int
    /// The index of its stack in `names`, and its index in the stack.
    var stack: Int
    var index: Int
}

/// The change of a tensor's elements between checkpoint and output.
struct TensorEdit: Sendable, Equatable {
    var order = RowOrder.unchanged
    /// Added to each element, in the checkpoint's precision but at least half.
    var shift: Float = 0
    /// Whether to remove the second slowest dimension, whose length is one.
    var dropsMiddleDimension = false
    /// The reordering of each row's elements; nil for none.
    var columns: TiledHeads?
    /// Whether to replace each element x by -e^x.
    var negatesExponential = false
    /// Whether to replace each element x by ln(1 + e^x).
    var appliesSoftplus = false
    /// Factors of the elements, applied one after another; each product has the checkpoint's precision but at least
    /// half.
    var factors: [RowFactor] = []
    /// How to cut a vector into rows; nil keeps the vector.
    var cut: VectorCut?

    /// Whether numbers change row by row, apart from moving.
    var changesRows: Bool { shift != 0 || columns != nil || negatesExponential || appliesSoftplus || !factors.isEmpty }
}

/// A factor of some rows of a tensor.
struct RowFactor: Sendable, Equatable {
    /// The rows; nil for all.
    var rows: Range<Int>?
    var factor: Float
}

/// The rows that a vector is cut into.
enum VectorCut: Sendable, Equatable {
    /// Each element is a row.
    case elements
    /// This many rows of equal length.
    case rows(Int)
}

extension RowOrder {
    /// - Parameter dimensions: the checkpoint's dimensions, slowest first.
    /// - Throws: `ConversionProblem.wrongShape` if the tensor cannot be reordered so.
    func check(_ dimensions: [Int], of tensor: SafetensorsTensor) throws {
        let expected: String? =
            switch self {
            case .unchanged: nil
            case .interleavedHalves(let headCount):
                dimensions.first.map { $0 > 0 && $0.isMultiple(of: headCount * 2) } == true
                    ? nil : "a first dimension that \(headCount) heads share"
            case .half:
                dimensions.count == 3 && dimensions[1].isMultiple(of: 2)
                    ? nil : "three dimensions, the middle one even,"
            case .alternating:
                (2...3).contains(dimensions.count) && dimensions[1].isMultiple(of: 2)
                    ? nil : "two or three dimensions, the second even,"
            case .transposed: dimensions.count == 2 ? nil : "two dimensions"
            case .transposedStack(let columns):
                dimensions.count == 3 && columns.divides(dimensions[2])
                    ? nil : "three dimensions, the last one even,"
            case .planes(let count, let area):
                dimensions.reduce(1, *).isMultiple(of: count * area) ? nil : "\(count) planes of \(area) elements each"
            case .tiled(let heads): dimensions.first == heads.count ? nil : "a first dimension of \(heads.count)"
            case .picked(let rows):
                dimensions.count == 2 && rows.allSatisfy { $0 < dimensions[0] }
                    ? nil : "two dimensions and more than \(rows.max() ?? 0) rows"
            }
        guard let expected else { return }
        throw ConversionProblem.wrongShape(tensor: tensor.name, found: dimensions, expected: expected)
    }
}

/// The order of a tensor's rows in the output.
package enum RowOrder: Sendable, Equatable {
    case unchanged
    /// Within each head, rows of the first and of the second half alternate. GGUF's "normal" RoPE expects this layout;
    /// Hugging Face stores the two halves one after the other.
    case interleavedHalves(headCount: Int)
    /// The first or the second half of each matrix in a stack.
    case half(isSecond: Bool)
    /// Every other row of each matrix in a stack, or every other element of each row of a matrix, starting from the
    /// first or the second.
    case alternating(isSecond: Bool)
    /// Columns become rows.
    case transposed
    /// Columns of each matrix in a stack become rows.
    case transposedStack(StackColumns)
    /// Heads in tiles instead of groups.
    case tiled(TiledHeads)
    /// In each run of `count` planes of `area` elements, turns interleaved planes into separate ones. It counts
    /// elements, not rows.
    case planes(count: Int, area: Int)
    /// Only these rows of the source.
    case picked([Int])

    /// The source row for row `row` of the output.
    /// - Parameters:
    ///   - rowCount: the number of rows of the output.
    ///   - matrixRows: the number of rows of one output matrix.
    @inline(__always)
    package func source(of row: Int, rowCount: Int, matrixRows: Int) -> Int {
        switch self {
        case .unchanged, .transposed, .transposedStack:
            return row
        case .picked(let rows):
            return rows[row]
        case .planes(let count, let area):
            let within = row % (count * area)
            return row - within + within % area * count + within / area
        case .tiled(let heads):
            return heads.source(of: row)
        case .interleavedHalves(let headCount):
            let headRows = max(1, rowCount / headCount)
            let (head, within) = row.quotientAndRemainder(dividingBy: headRows)
            return head * headRows + within % 2 * (headRows / 2) + within / 2
        case .alternating(let isSecond):
            let (matrix, within) = row.quotientAndRemainder(dividingBy: matrixRows)
            return 2 * (matrix * matrixRows + within) + (isSecond ? 1 : 0)
        case .half(let isSecond):
            let (matrix, within) = row.quotientAndRemainder(dividingBy: matrixRows)
            return (2 * matrix + (isSecond ? 1 : 0)) * matrixRows + within
        }
    }
}
