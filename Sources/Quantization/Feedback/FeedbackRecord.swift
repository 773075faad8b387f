/// What became of a tensor that was to be rounded with feedback.
public struct FeedbackRecord: Codable, Equatable, Sendable {
    /// Matrices that the tensor is a stack of: its experts, else 1.
    public var matrices: Int
    /// Matrices whose outputs, on text that was held back, came closer to those of the weights as they were.
    public var taken: Int
    /// Matrices that too few tokens reached, and that were fitted to what all experts of the layer saw.
    public var pooled: Int
    /// Matrices for which there was nothing to fit to.
    public var unseen: Int
    /// The fewest tokens that a matrix was fitted to.
    public var tokens: Int
    /// Squared error of the outputs on held-back text by the reference's rounding, over that of the outcome: both are sums
    /// over matrices for which there is such text.
    public var plainError: Double
    /// The same of the bytes that were taken.
    public var error: Double
    /// Why the tensor is rounded as the reference does, where it is.
    public var reason: String?

    /// Nothing yet.
    init(matrices: Int) {
        (self.matrices, taken, pooled, unseen, tokens, plainError, error) = (matrices, 0, 0, 0, 0, 0, 0)
    }

    /// A tensor that nothing was tried for.
    public init(plain reason: String) {
        self.init(matrices: 0)
        self.reason = reason
    }
}
