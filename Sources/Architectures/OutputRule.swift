/// Where a model's output matrix is.
public enum OutputRule: Sendable {
    /// In a tensor of its own, or else the token embeddings.
    case embeddingUnlessGiven
    /// In a tensor of its own: engines refuse a file without.
    case given
    /// The token embeddings, always.
    case embedding
    /// Nowhere: the model predicts no tokens.
    case none
}
