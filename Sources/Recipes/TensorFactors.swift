import GGUF
import Tensors

/// The weight of errors in a matrix, or in each of a stack: by the gradient of the row and the activation of the
/// column.
///
/// The divergence is 1/2 sum over matrices m of share(m) * sum over r, c of rows[m, r] * columns[m, c] * error[m, r,
/// c]^2. Source: Martens and Grosse, "Optimizing Neural Networks with Kronecker-factored Approximate Curvature", 2015;
/// only the diagonals of the two factors are used, which rank tensors as well as the whole factors do.
public struct TensorFactors: Sendable, Equatable {
    /// Mean squared gradients, for each row of each matrix.
    public let rows: [Float]
    /// Mean squared activations, for each column of each matrix.
    public let columns: [Float]
    /// The fraction of all tokens that reach each matrix.
    public let shares: [Double]
    /// Whether the divergence is in nats; otherwise only the ratios of a tensor's costs are meaningful.
    public let isAbsolute: Bool

    /// Creates a value from its parts; each parameter is documented on its property.
    /// - Precondition: all matrices have the same number of rows and of columns.
    public init(rows: [Float], columns: [Float], shares: [Double], isAbsolute: Bool = true) {
        precondition(!shares.isEmpty && rows.count.isMultiple(of: shares.count))
        precondition(columns.count.isMultiple(of: shares.count))
        (self.rows, self.columns, self.shares, self.isAbsolute) = (rows, columns, shares, isAbsolute)
    }

    /// Makes the factors of a tensor without data: all its weights count equally.
    public init(evenOver tensor: GGUFTensor) {
        let matrices = tensor.shape.dimensions.dropFirst(2).reduce(1, *)
        self.init(
            rows: [Float](repeating: 1, count: tensor.shape.rowCount),
            columns: [Float](repeating: 1, count: tensor.shape.rowLength * matrices),
            shares: [Double](repeating: 1, count: matrices),
            isAbsolute: false
        )
    }

    /// The number of columns of a matrix.
    var columnCount: Int { columns.count / shares.count }
    /// The number of rows of a matrix.
    var rowsPerMatrix: Int { rows.count / shares.count }

    /// The factor of a row's squared errors, apart from the columns; rows are numbered through all matrices.
    func weight(ofRow row: Int) -> Double {
        Double(rows[row]) * shares[row / rowsPerMatrix] / 2
    }

    /// The range of the column factors for a row.
    func columns(ofRow row: Int) -> Range<Int> {
        let first = row / rowsPerMatrix * columnCount
        return first..<(first + columnCount)
    }
}
