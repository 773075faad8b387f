/// The factors that predict the divergence caused by an error in a weight matrix, without measuring it.
///
/// With W's input x and the gradient g of the text's total -log p(label) in W's output, for labels drawn from the
/// model's own distribution, the Fisher information of a weight is the mean over tokens of (g[r] x[c])^2. Here it is
/// approximated by the product of two means (K-FAC's diagonal), one number per row and one per column, so that an error
/// E costs about
///
///     1/2 sum over matrices m of n[m] / N sum over r, c of b[m][r] a[m][c] E[m][r][c]^2   nats a token,
///
/// where b is the mean of g^2 and a that of x^2 over the n[m] tokens that reach matrix m, of N in all.
///
/// Source: Martens and Grosse, "Optimizing Neural Networks with Kronecker-factored Approximate Curvature", 2015.
public struct FisherFactors: Codable, Sendable, Equatable {
    /// The factors of one weight tensor: a matrix, or a stack of them.
    public struct Tensor: Codable, Sendable, Equatable {
        /// The tensor's name in the model's file. For an embedding that is also the output matrix, the factors are of
        /// the latter use.
        public var name: String
        /// The number of matrices in the stack: the experts; otherwise 1.
        public var matrixCount: Int
        /// The number of elements of one matrix's output.
        public var rows: Int
        /// The number of elements of its input.
        public var columns: Int
        /// The number of tokens that reached each matrix.
        public var counts: [Int]
        /// The means of squared gradients, matrix by matrix: `matrixCount * rows`.
        public var rowFactors: [Float]
        /// The means of squared inputs, matrix by matrix: `matrixCount * columns`.
        public var columnFactors: [Float]

        /// Creates the factors before any token.
        init(name: String, matrixCount: Int, rows: Int, columns: Int) {
            (self.name, self.matrixCount, self.rows, self.columns) = (name, matrixCount, rows, columns)
            counts = Array(repeating: 0, count: matrixCount)
            rowFactors = Array(repeating: 0, count: matrixCount * rows)
            columnFactors = Array(repeating: 0, count: matrixCount * columns)
        }
    }

    /// The number of tokens read: N.
    public var tokens: Int
    /// The number of tokens in a window.
    public var context: Int
    /// The number of windows of text.
    public var chunks: Int
    /// The seed of the drawn labels.
    public var seed: UInt64
    /// The kernels used for the computation.
    public var kernels: String
    /// The tensors in the order of the model's file.
    public var tensors: [Tensor]

    /// The factors of a tensor; nil if there are none.
    public subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }
}

extension FisherFactors {
    /// Returns the divergence predicted for some rows of a tensor, in nats a token. That of a tensor is the sum over
    /// its rows.
    /// - Parameters:
    ///   - rows: counted through all matrices of the tensor.
    ///   - original: the original rows, `columns` numbers each.
    ///   - restored: the same rows as decoded from a build.
    public func predictedDivergence(
        of tensor: Tensor,
        rows: Range<Int>,
        original: UnsafeBufferPointer<Float>,
        restored: UnsafeBufferPointer<Float>
    ) -> Double {
        let columns = tensor.columns
        precondition(rows.lowerBound >= 0 && rows.upperBound <= tensor.matrixCount * tensor.rows, "rows of the tensor")
        precondition(original.count == rows.count * columns && restored.count == original.count, "whole rows")
        guard tokens > 0 else { return 0 }
        var sum = 0.0
        for (index, row) in rows.enumerated() {
            let matrix = row / tensor.rows
            let share = Double(tensor.counts[matrix]) / Double(tokens)
            let (first, place) = (matrix * columns, index * columns)
            var squares = 0.0
            for column in 0..<columns {
                let error = Double(original[place + column]) - Double(restored[place + column])
                squares += Double(tensor.columnFactors[first + column]) * error * error
            }
            sum += share * Double(tensor.rowFactors[row]) * squares
        }
        return sum / 2
    }

    /// Rejects factors of another model: every tensor must exist with the same shape.
    /// - Parameter shape: returns rows, columns and matrices of a tensor of the model; nil if it has none of that name.
    /// - Throws: `EvaluationError.factorsOfAnotherModel`.
    func check(_ shape: (String) -> (rows: Int, columns: Int, matrices: Int)?) throws {
        for tensor in tensors {
            guard let own = shape(tensor.name), own == (tensor.rows, tensor.columns, tensor.matrixCount) else {
                throw EvaluationError.factorsOfAnotherModel(tensor: tensor.name)
            }
        }
    }
}
