import BinaryIO
import Evaluation

/// What a build scored on a text.
public struct EvaluatedBuild: Codable, Sendable {
    /// The build's type.
    public let type: String
    /// Of its file.
    public let digest: SHA256Digest
    /// Of the text.
    public let textDigest: SHA256Digest
    /// By llama-perplexity's method; nil for models that do not write.
    public let perplexity: PerplexityResult?
    /// The comparison with the model it was made from, where one was asked for.
    public let divergence: KLDivergenceResult?
    /// Of the model that it was compared with.
    public let baseDigest: SHA256Digest?
    /// Of the tasks, where there are any.
    public let accuracy: AccuracyResult?
    /// Of the tasks' file.
    public let tasksDigest: SHA256Digest?
    /// How it answered questions, where any were asked.
    public let talk: TalkResult?
    /// How near an embedding model's vectors are to those of the model it was made from; nil for models that write.
    public let embedding: EmbeddingComparison?
    /// Tokens of a text at most, beside `embedding`.
    public let embeddingContext: Int?
    /// Of a build that was measured on a part of the text, because a gate was missed for certain: the confidence, in percent.
    public var early: Double?
}
