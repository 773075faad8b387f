/// What a model scored on a text, with the conditions under which it did.
public struct PerplexityResult: Sendable, Equatable, Codable {
    /// exp of the mean surprise per token.
    public let perplexity: Double
    public let standardError: Double
    /// Surprise in bits per byte of UTF-8 of the scored tokens: comparable between vocabularies.
    public let bitsPerByte: Double
    public let bitsPerByteStandardError: Double
    public let scoredTokens: Int
    public let scoredBytes: Int
    public let chunks: Int
    public let context: Int
    /// Perplexity over all chunks so far, after each chunk.
    public let runningPerplexity: [Double]
    /// Precision of keys and values, and the kernels that computed: needed to repeat the last digits.
    public let cacheType: String
    public let kernels: String
}
