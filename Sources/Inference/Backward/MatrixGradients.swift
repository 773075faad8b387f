/// The inputs of a weight matrix, token by token, and the gradients of the loss with respect to its outputs.
///
/// The gradient of the matrix itself is the sum over tokens of gradient times input: (rows, columns).
public struct MatrixGradients {
    /// The weight tensor's name.
    public let tensor: String
    /// The index of the matrix in a tensor that is a stack of them: the expert.
    public let matrix: Int
    /// The number of tokens that reached the matrix.
    public let tokens: Int
    /// The length of the matrix's output.
    public let rows: Int
    /// The length of its input.
    public let columns: Int
    private let inputs: TokenRows
    private let outputs: TokenRows

    init(_ matrix: WeightMatrix, inputs: TokenRows, gradients: TokenRows) {
        precondition(inputs.count == gradients.count)
        precondition(inputs.width == matrix.columns && gradients.width == matrix.rows)
        tensor = matrix.name
        self.matrix = matrix.index
        tokens = inputs.count
        (rows, columns) = (matrix.rows, matrix.columns)
        (self.inputs, outputs) = (inputs, gradients)
    }

    /// Returns a token's input. Valid only during the call that passed this value.
    public func input(_ token: Int) -> UnsafeBufferPointer<Float> {
        precondition(token >= 0 && token < tokens)
        return UnsafeBufferPointer(start: inputs[token], count: columns)
    }

    /// Returns the gradient of a token's output. Valid only during the call that passed this value.
    public func gradient(_ token: Int) -> UnsafeBufferPointer<Float> {
        precondition(token >= 0 && token < tokens)
        return UnsafeBufferPointer(start: outputs[token], count: rows)
    }
}

/// The observer of gradients during a pass.
///
/// Unchecked: set and called by the thread that runs the pass.
final class GradientObserver: @unchecked Sendable {
    var body: ((MatrixGradients) -> Void)?
}
