/// The location of a model's output matrix.
public enum OutputRule: Sendable {
    /// A separate tensor if there is one, otherwise the token embeddings.
    case embeddingUnlessGiven
    /// A separate tensor: engines reject a file without it.
    case given
    /// The token embeddings, always.
    case embedding
    /// None: the model predicts no tokens.
    case none
}
