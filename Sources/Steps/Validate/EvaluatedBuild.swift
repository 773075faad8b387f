import BinaryIO
import Evaluation

/// The results of a build on a text.
public struct EvaluatedBuild: Codable, Sendable {
    /// The build's type.
    public let type: String
    /// The SHA-256 of its file.
    public let digest: SHA256Digest
    /// The SHA-256 of the text.
    public let textDigest: SHA256Digest
    /// The perplexity by llama-perplexity's method; nil for models that do not generate.
    public let perplexity: PerplexityResult?
    /// The comparison with the source model, if one was requested.
    public let divergence: KLDivergenceResult?
    /// The SHA-256 of the model that it was compared with.
    public let baseDigest: SHA256Digest?
    /// The accuracy on the tasks, if there are any.
    public let accuracy: AccuracyResult?
    /// The SHA-256 of the tasks' file.
    public let tasksDigest: SHA256Digest?
    /// The answers to questions, if any were asked.
    public let talk: TalkResult?
    /// The similarity of an embedding model's vectors to those of the source model; nil for generating models.
    public let embedding: EmbeddingComparison?
    /// The largest number of tokens per text, for `embedding`.
    public let embeddingContext: Int?
    /// The confidence, in percent, if the build was measured on only a part of the text because it certainly missed a
    /// gate.
    public var early: Double?
}
