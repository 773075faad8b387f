/// What is needed to predict the divergence that an error in a weight matrix costs, without measuring it.
///
/// With W's input x and the gradient g of the text's total -log p(label) in W's output, for labels that are drawn from
/// the model's own distribution, the Fisher information of a weight is the mean over tokens of (g[r] x[c])^2. Here it
/// is held as the product of two means (K-FAC's diagonal), a number a row and a number a column, so that an error E
/// costs about
///
///     1/2 sum over matrices m of n[m] / N sum over r, c of b[m][r] a[m][c] E[m][r][c]^2   nats a token,
///
/// where b is the mean of g^2 and a that of x^2 over the n[m] tokens that reach matrix m, of N in all.
///
/// Source: Martens and Grosse, "Optimizing Neural Networks with Kronecker-factored Approximate Curvature", 2015.
public struct FisherFactors: Codable, Sendable, Equatable {
    /// The factors of one weight tensor: a matrix, or a stack of them.
    public struct Tensor: Codable, Sendable, Equatable {
        /// The tensor's name in the model's file. Of an embedding that serves as output matrix, too, this is the
        /// latter's use.
        public var name: String
        /// How many matrices it is a stack of: experts; else 1.
        public var matrixCount: Int
        /// Numbers of one matrix's output.
        public var rows: Int
        /// Numbers of its input.
        public var columns: Int
        /// Tokens that reached each matrix.
        public var counts: [Int]
        /// Means of squared gradients, those of each matrix behind each other: `matrixCount * rows`.
        public var rowFactors: [Float]
        /// Means of squared inputs, likewise: `matrixCount * columns`.
        public var columnFactors: [Float]

        /// Factors that no token has added to.
        init(name: String, matrixCount: Int, rows: Int, columns: Int) {
            (self.name, self.matrixCount, self.rows, self.columns) = (name, matrixCount, rows, columns)
            counts = Array(repeating: 0, count: matrixCount)
            rowFactors = Array(repeating: 0, count: matrixCount * rows)
            columnFactors = Array(repeating: 0, count: matrixCount * columns)
        }
    }

    /// Tokens that were read: N.
    public var tokens: Int
    /// Tokens of a window.
    public var context: Int
    /// Windows of text.
    public var chunks: Int
    /// What the labels were drawn by.
    public var seed: UInt64
    /// The kernels that computed.
    public var kernels: String
    /// In the order of the model's file.
    public var tensors: [Tensor]

    /// The factors of a tensor; nil where there are none.
    public subscript(name: String) -> Tensor? { tensors.first { $0.name == name } }
}

extension FisherFactors {
    /// The divergence that is predicted for some rows of a tensor, in nats a token. That of a tensor is the sum over
    /// its rows.
    /// - Parameters:
    ///   - rows: counted through all matrices of the tensor.
    ///   - original: these rows as they are, `columns` numbers each.
    ///   - restored: the same rows as they come back from a build.
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

    /// Refuses factors of another model: every tensor has to be there in the same shape.
    /// - Parameter shape: rows, columns and matrices of a tensor of the model; nil where it has none of that name.
    /// - Throws: `EvaluationError.factorsOfAnotherModel`.
    func check(_ shape: (String) -> (rows: Int, columns: Int, matrices: Int)?) throws {
        for tensor in tensors {
            guard let own = shape(tensor.name), own == (tensor.rows, tensor.columns, tensor.matrixCount) else {
                throw EvaluationError.factorsOfAnotherModel(tensor: tensor.name)
            }
        }
    }
}
