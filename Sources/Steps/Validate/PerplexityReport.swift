import Evaluation

/// The results of a model. The names of the fields are a contract with other programs.
public struct PerplexityReport: Codable, Sendable {
    /// A value with its standard error.
    public typealias Estimate = KLDivergenceResult.Estimate
    /// Mean, median, percentiles and extremes.
    public typealias Distribution = KLDivergenceResult.Distribution

    /// The perplexity by llama-perplexity's method.
    public var perplexity: Double
    /// The standard error of the perplexity.
    public var standardError: Double
    /// The bits per byte of UTF-8 text.
    public var bitsPerByte: Double
    /// The standard error of the bits per byte.
    public var bitsPerByteStandardError: Double
    /// The number of predicted tokens.
    public var scoredTokens: Int
    /// The number of bytes of text in these tokens.
    public var scoredBytes: Int
    /// The number of windows that were read.
    public var chunks: Int
    /// The number of tokens per window.
    public var context: Int
    /// The matrix multiplication kernels.
    public var kernels: String
    /// The perplexity after each window.
    public var runningPerplexity: [Double]
    /// The divergence from the base.
    public var kld: Distribution?
    /// The perplexity of the base.
    public var basePerplexity: Estimate?
    /// The natural logarithm of the ratio.
    public var logPerplexityRatio: Estimate?
    /// The build's perplexity divided by the base's.
    public var perplexityRatio: Estimate?
    /// The build's perplexity minus the base's.
    public var perplexityDifference: Estimate?
    /// The correlation of the logarithms of both models' probabilities, in percent.
    public var correlationPercent: Double?
    /// How often both models rank the same token first, in percent.
    public var sameTopPercent: Double?
    /// The standard error of `sameTopPercent`.
    public var sameTopStandardError: Double?
    /// The mean change in the probability of the text's own token.
    public var meanDeltaPercent: Double?
    /// The root mean square of that change.
    public var rmsDeltaPercent: Double?
    /// The standard error of `rmsDeltaPercent`.
    public var rmsDeltaStandardError: Double?
    /// The distribution of that change.
    public var deltaPercent: Distribution?
    /// The results with which these figures are comparable.
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
