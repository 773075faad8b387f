/// A model's score on a text, with the conditions of the measurement.
public struct PerplexityResult: Sendable, Equatable, Codable {
    /// The perplexity: exp of the mean surprise per token.
    public let perplexity: Double
    /// The standard error of the perplexity.
    public let standardError: Double
    /// The surprise in bits per byte of UTF-8 of the scored tokens, which is comparable between vocabularies.
    public let bitsPerByte: Double
    /// The standard error of `bitsPerByte`.
    public let bitsPerByteStandardError: Double
    /// The number of scored tokens.
    public let scoredTokens: Int
    /// The number of bytes of UTF-8 that they spell.
    public let scoredBytes: Int
    /// The number of windows of text.
    public let chunks: Int
    /// The number of tokens in a window.
    public let context: Int
    /// The perplexity over all chunks so far, after each chunk.
    public let runningPerplexity: [Double]
    /// The precision of keys and values, which together with the kernels is needed to reproduce the last digits.
    public let cacheType: String
    /// The kernels used for the computation; see `cacheType`.
    public let kernels: String
}
