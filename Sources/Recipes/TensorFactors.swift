import GGUF
import Tensors

/// How much an error counts in one weight matrix, or in each of a stack of them: by the gradient of its row and the activation
/// of its column.
///
/// The divergence is 1/2 sum over matrices m of share(m) * sum over r, c of rows[m, r] * columns[m, c] * error[m, r, c]^2.
/// Source: Martens and Grosse, "Optimizing Neural Networks with Kronecker-factored Approximate Curvature", 2015; the two
/// factors are taken by their diagonals, which rank tensors as well as the whole ones do.
public struct TensorFactors: Sendable, Equatable {
    /// Mean squared gradients, for each row of each matrix.
    public let rows: [Float]
    /// Mean squared activations, for each column of each matrix.
    public let columns: [Float]
    /// The part of all tokens that reach each matrix.
    public let shares: [Double]
    /// Whether the divergence is in nats; else only the ratios of a tensor's costs mean something.
    public let isAbsolute: Bool

    /// Every value is as its property describes it.
    /// - Precondition: every matrix has as many rows and columns as every other.
    public init(rows: [Float], columns: [Float], shares: [Double], isAbsolute: Bool = true) {
        precondition(!shares.isEmpty && rows.count.isMultiple(of: shares.count))
        precondition(columns.count.isMultiple(of: shares.count))
        (self.rows, self.columns, self.shares, self.isAbsolute) = (rows, columns, shares, isAbsolute)
    }

    /// Factors of a tensor that nothing is known of: all its weights count the same.
    public init(evenOver tensor: GGUFTensor) {
        let matrices = tensor.shape.dimensions.dropFirst(2).reduce(1, *)
        self.init(
            rows: [Float](repeating: 1, count: tensor.shape.rowCount),
            columns: [Float](repeating: 1, count: tensor.shape.rowLength * matrices),
            shares: [Double](repeating: 1, count: matrices),
            isAbsolute: false
        )
    }

    /// Columns of a matrix.
    var columnCount: Int { columns.count / shares.count }
    /// Rows of a matrix.
    var rowsPerMatrix: Int { rows.count / shares.count }

    /// What the squares of a row's errors are multiplied with, apart from the columns: the row counted through all matrices.
    func weight(ofRow row: Int) -> Double {
        Double(rows[row]) * shares[row / rowsPerMatrix] / 2
    }

    /// The columns' factors that go with a row.
    func columns(ofRow row: Int) -> Range<Int> {
        let first = row / rowsPerMatrix * columnCount
        return first..<(first + columnCount)
    }
}
