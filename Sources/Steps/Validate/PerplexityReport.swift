import Evaluation

/// What a model scored. The names of the fields are a contract with other programs.
public struct PerplexityReport: Codable, Sendable {
    /// A value with its standard error.
    public typealias Estimate = KLDivergenceResult.Estimate
    /// Mean, median, percentiles and extremes.
    public typealias Distribution = KLDivergenceResult.Distribution

    /// By llama-perplexity's method.
    public var perplexity: Double
    /// Of the perplexity.
    public var standardError: Double
    /// Of UTF-8 text.
    public var bitsPerByte: Double
    /// Of the bits per byte.
    public var bitsPerByteStandardError: Double
    /// How many tokens were predicted.
    public var scoredTokens: Int
    /// How many bytes of text these tokens are.
    public var scoredBytes: Int
    /// How many windows were read.
    public var chunks: Int
    /// Tokens of a window.
    public var context: Int
    /// The kernels that multiplied.
    public var kernels: String
    /// After each window.
    public var runningPerplexity: [Double]
    /// Divergence from the base.
    public var kld: Distribution?
    /// Of the model that is compared with.
    public var basePerplexity: Estimate?
    /// Natural logarithm of the ratio.
    public var logPerplexityRatio: Estimate?
    /// The build's over the base's.
    public var perplexityRatio: Estimate?
    /// The build's less the base's.
    public var perplexityDifference: Estimate?
    /// Of the logarithms of both models' probabilities.
    public var correlationPercent: Double?
    /// How often both models rank the same token first.
    public var sameTopPercent: Double?
    /// Of `sameTopPercent`.
    public var sameTopStandardError: Double?
    /// Mean change of the probability of the text's own token.
    public var meanDeltaPercent: Double?
    /// Root mean square of that change.
    public var rmsDeltaPercent: Double?
    /// Of `rmsDeltaPercent`.
    public var rmsDeltaStandardError: Double?
    /// That change, as a distribution.
    public var deltaPercent: Distribution?
    /// What the figures may be compared with.
    public var comparable: [String]

    init(_ result: PerplexityResult, _ comparison: KLDivergenceResult? = nil) {
        perplexity = result.perplexity
        standardError = result.standardError
        bitsPerByte = result.bitsPerByte
        bitsPerByteStandardError = result.bitsPerByteStandardError
        scoredTokens = result.scoredTokens
        scoredBytes = result.scoredBytes
        chunks = result.chunks
        context = result.context
        kernels = result.kernels
        runningPerplexity = result.runningPerplexity
        comparable = [
            "Perplexity: with models of the same vocabulary, on the same text, context and number of chunks.",
            "Bits per byte: with any model on the same text, of whatever vocabulary; like contexts and chunks.",
        ]
        guard let comparison else { return }
        comparable.append("Divergence: with builds compared with the same base, on the same text and context.")
        kld = comparison.divergence
        basePerplexity = comparison.basePerplexity
        logPerplexityRatio = comparison.logPerplexityRatio
        perplexityRatio = comparison.perplexityRatio
        perplexityDifference = comparison.perplexityDifference
        correlationPercent = comparison.correlationPercent
        sameTopPercent = comparison.sameTopPercent.value
        sameTopStandardError = comparison.sameTopPercent.standardError
        meanDeltaPercent = comparison.deltaPercent.mean
        rmsDeltaPercent = comparison.rmsDeltaPercent.value
        rmsDeltaStandardError = comparison.rmsDeltaPercent.standardError
        deltaPercent = comparison.deltaPercent
    }
}
