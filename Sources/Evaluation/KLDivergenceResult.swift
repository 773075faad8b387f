/// How far a build's predictions are from its base model's, with the build's own perplexity.
public struct KLDivergenceResult: Sendable, Equatable, Codable {
    /// A mean and its standard error.
    public struct Estimate: Sendable, Equatable, Codable {
        /// The mean.
        public let value: Double
        /// In the same unit.
        public let standardError: Double
    }

    /// A sample of numbers: its mean, and the values below which so many percent of it lie.
    public struct Distribution: Sendable, Equatable, Codable {
        /// The mean.
        public let mean: Double
        /// Of the mean.
        public let standardError: Double
        /// The largest number.
        public let max: Double
        /// 99.9 percent lie below it.
        public let p999: Double
        /// 99 percent lie below it.
        public let p99: Double
        /// 95 percent lie below it.
        public let p95: Double
        /// 90 percent lie below it.
        public let p90: Double
        /// 75 percent lie below it.
        public let p75: Double
        /// Half lie below it.
        public let median: Double
        /// 25 percent lie below it.
        public let p25: Double
        /// 10 percent lie below it.
        public let p10: Double
        /// 5 percent lie below it.
        public let p05: Double
        /// 1 percent lies below it.
        public let p01: Double
        /// 0.1 percent.
        public let p001: Double
        /// The smallest number.
        public let min: Double
    }

    /// The build's own perplexity on the same text.
    public let build: PerplexityResult
    /// Perplexity of the base, from its stored log-probabilities.
    public let basePerplexity: Estimate
    /// Mean of ln(perplexity of the build / perplexity of the base); the shared text makes its error small.
    public let logPerplexityRatio: Estimate
    /// Perplexity of the build over that of the base.
    public let perplexityRatio: Estimate
    /// Perplexity of the build less that of the base.
    public let perplexityDifference: Estimate
    /// Correlation of the logarithms of both perplexities, in percent.
    public let correlationPercent: Double
    /// Kullback-Leibler divergence of the build from the base per scored token, in nats.
    public let divergence: Distribution
    /// Share of tokens for which both models put the same token first, in percent.
    public let sameTopPercent: Estimate
    /// Change of the probability given to the token that came, in percentage points, and its root mean square.
    public let deltaPercent: Distribution
    /// See `deltaPercent`.
    public let rmsDeltaPercent: Estimate
}
