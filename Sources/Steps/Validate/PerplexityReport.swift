import Evaluation

/// What a model scored. The names of the fields are a contract with other programs.
public struct PerplexityReport: Codable, Sendable {
    public typealias Estimate = KLDivergenceResult.Estimate
    public typealias Distribution = KLDivergenceResult.Distribution

    public var perplexity: Double
    public var standardError: Double
    public var bitsPerByte: Double
    public var bitsPerByteStandardError: Double
    public var scoredTokens: Int
    public var scoredBytes: Int
    public var chunks: Int
    public var context: Int
    public var kernels: String
    public var runningPerplexity: [Double]
    /// Divergence from the base.
    public var kld: Distribution?
    public var basePerplexity: Estimate?
    public var logPerplexityRatio: Estimate?
    public var perplexityRatio: Estimate?
    public var perplexityDifference: Estimate?
    public var correlationPercent: Double?
    public var sameTopPercent: Double?
    public var sameTopStandardError: Double?
    public var meanDeltaPercent: Double?
    public var rmsDeltaPercent: Double?
    public var rmsDeltaStandardError: Double?
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
