/// The outcome of a tensor to be rounded with feedback.
public struct FeedbackRecord: Codable, Equatable, Sendable {
    /// The number of matrices in the tensor: its experts, or 1.
    public var matrices: Int
    /// The number of matrices whose outputs, on held-back text, came closer to those of the original weights.
    public var taken: Int
    /// The number of matrices that too few tokens reached, and that were fitted to the inputs of all experts of the
    /// layer.
    public var pooled: Int
    /// The number of matrices with nothing to fit to.
    public var unseen: Int
    /// The fewest tokens that a matrix was fitted to.
    public var tokens: Int
    /// The squared error of the outputs on held-back text after the reference's rounding: a sum over matrices for which
    /// there is such text.
    public var plainError: Double
    /// The squared error of the outputs on held-back text with the bytes that were taken: a sum over the same matrices.
    public var error: Double
    /// The reason why the tensor is rounded as in the reference, if it is.
    public var reason: String?

    /// Creates an empty record.
    init(matrices: Int) {
        (self.matrices, taken, pooled, unseen, tokens, plainError, error) = (matrices, 0, 0, 0, 0, 0, 0)
    }

    /// Creates the record of a tensor for which feedback was not tried.
    public init(plain reason: String) {
        self.init(matrices: 0)
        self.reason = reason
    }
}
