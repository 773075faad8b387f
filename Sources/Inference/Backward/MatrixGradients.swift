/// What a weight matrix was multiplied with, token by token, and the gradient of the loss in what came out.
///
/// The gradient in the matrix itself is the sum over tokens of gradient times input: (rows, columns).
public struct MatrixGradients {
    /// The weight tensor's name.
    public let tensor: String
    /// Which of the tensor's matrices, where it is a stack of them: the expert.
    public let matrix: Int
    /// How many tokens reached the matrix.
    public let tokens: Int
    /// Numbers of the matrix's output.
    public let rows: Int
    /// Numbers of its input.
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

    /// What a token's row was. Valid during the call that handed this value out.
    public func input(_ token: Int) -> UnsafeBufferPointer<Float> {
        precondition(token >= 0 && token < tokens)
        return UnsafeBufferPointer(start: inputs[token], count: columns)
    }

    /// The gradient in what the matrix made of it. Valid during the call that handed this value out.
    public func gradient(_ token: Int) -> UnsafeBufferPointer<Float> {
        precondition(token >= 0 && token < tokens)
        return UnsafeBufferPointer(start: outputs[token], count: rows)
    }
}

/// Who looks at gradients during a pass.
///
/// Unchecked: set and called by the thread that runs the pass.
final class GradientObserver: @unchecked Sendable {
    var body: ((MatrixGradients) -> Void)?
}
