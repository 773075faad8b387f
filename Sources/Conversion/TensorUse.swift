import Safetensors

/// What becomes of a tensor of the checkpoint.
enum TensorUse: Sendable, Equatable {
    case leftOut
    /// Engines have no place for it, and miss nothing as long as it is all zeros.
    case leftOutIfZero
    /// The tensors that are made of it, mostly one.
    case tensors([Output])
    /// It is stacked with its like along a new, slowest dimension.
    case stacked(StackPlace)
    /// It holds the blocks or the exponents of a stack in MXFP4.
    case packed(PackPlace)

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
    /// How the elements of each row are reordered; nil where they stay.
    var columns: TiledHeads?
    /// Whether each element x becomes -e^x.
    var negatesExponential = false
    /// Whether each element x becomes ln(1 + e^x).
    var appliesSoftplus = false
    /// What elements are multiplied by, one after the other, each product in the checkpoint's precision but no less than half.
    var factors: [RowFactor] = []
    /// How a vector is cut into rows; nil where it stays one.
    var cut: VectorCut?

    /// Whether numbers change that are not merely put elsewhere, row by row.
    var changesRows: Bool { shift != 0 || columns != nil || negatesExponential || appliesSoftplus || !factors.isEmpty }
}

/// A number that some rows of a tensor are multiplied by.
struct RowFactor: Sendable, Equatable {
    /// nil for all.
    var rows: Range<Int>?
    var factor: Float
}

/// The rows that a vector becomes.
enum VectorCut: Sendable, Equatable {
    /// Each element is a row.
    case elements
    /// So many rows, equally long.
    case rows(Int)
}

extension RowOrder {
    /// - Parameter dimensions: slowest first, as the checkpoint has them.
    /// - Throws: `ConversionProblem.wrongShape` for a tensor that cannot be put into this order.
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
    /// Within each of the heads, rows of the first and of the second half alternate: the layout that GGUF's "normal"
    /// RoPE expects, where Hugging Face keeps the halves apart.
    case interleavedHalves(headCount: Int)
    /// The first or the second half of each matrix in a stack of them.
    case half(isSecond: Bool)
    /// Every other row of each matrix in a stack, or element of each row of a matrix, from the first or the second on.
    case alternating(isSecond: Bool)
    /// Columns become rows.
    case transposed
    /// Columns of each matrix in a stack become rows.
    case transposedStack(StackColumns)
    /// Heads in tiles in place of groups.
    case tiled(TiledHeads)
    /// In each run of so many planes of `area` elements: places with an element of each plane become planes. It is elements
    /// that are counted here, not rows.
    case planes(count: Int, area: Int)
    /// These rows of the source and no others.
    case picked([Int])

    /// The source row that becomes row `row`.
    /// - Parameters:
    ///   - rowCount: rows of the output.
    ///   - matrixRows: rows of one matrix of the output.
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
