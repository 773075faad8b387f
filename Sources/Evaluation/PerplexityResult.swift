/// What a model scored on a text, with the conditions under which it did.
public struct PerplexityResult: Sendable, Equatable, Codable {
    /// exp of the mean surprise per token.
    public let perplexity: Double
    /// Of the perplexity.
    public let standardError: Double
    /// Surprise in bits per byte of UTF-8 of the scored tokens: comparable between vocabularies.
    public let bitsPerByte: Double
    /// Of `bitsPerByte`.
    public let bitsPerByteStandardError: Double
    /// Tokens whose surprise was counted.
    public let scoredTokens: Int
    /// Bytes of UTF-8 that they spell.
    public let scoredBytes: Int
    /// Windows of text.
    public let chunks: Int
    /// Tokens of a window.
    public let context: Int
    /// Perplexity over all chunks so far, after each chunk.
    public let runningPerplexity: [Double]
    /// Precision of keys and values, and the kernels that computed: needed to repeat the last digits.
    public let cacheType: String
    /// See `cacheType`.
    public let kernels: String
}
