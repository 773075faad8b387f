/// The distance of a build's predictions from its base model's, with the build's own perplexity.
public struct KLDivergenceResult: Sendable, Equatable, Codable {
    /// A mean and its standard error.
    public struct Estimate: Sendable, Equatable, Codable {
        /// The mean.
        public let value: Double
        /// The standard error, in the same unit.
        public let standardError: Double
    }

    /// The distribution of a sample: its mean, and percentiles.
    public struct Distribution: Sendable, Equatable, Codable {
        /// The mean.
        public let mean: Double
        /// The standard error of the mean.
        public let standardError: Double
        /// The largest number.
        public let max: Double
        /// The value that 99.9 percent are below.
        public let p999: Double
        /// The value that 99 percent are below.
        public let p99: Double
        /// The value that 95 percent are below.
        public let p95: Double
        /// The value that 90 percent are below.
        public let p90: Double
        /// The value that 75 percent are below.
        public let p75: Double
        /// The value that half of the numbers are below.
        public let median: Double
        /// The value that 25 percent are below.
        public let p25: Double
        /// The value that 10 percent are below.
        public let p10: Double
        /// The value that 5 percent are below.
        public let p05: Double
        /// The value that 1 percent is below.
        public let p01: Double
        /// The value that 0.1 percent is below.
        public let p001: Double
        /// The smallest number.
        public let min: Double
    }

    /// The build's own perplexity on the same text.
    public let build: PerplexityResult
    /// The perplexity of the base, from its stored log-probabilities.
    public let basePerplexity: Estimate
    /// The mean of ln(perplexity of the build / perplexity of the base); its error is small because both use the same
    /// text.
    public let logPerplexityRatio: Estimate
    /// The perplexity of the build divided by that of the base.
    public let perplexityRatio: Estimate
    /// The perplexity of the build minus that of the base.
    public let perplexityDifference: Estimate
    /// The correlation of the logarithms of both perplexities, in percent.
    public let correlationPercent: Double
    /// The Kullback-Leibler divergence of the build from the base per scored token, in nats.
    public let divergence: Distribution
    /// The share of tokens for which both models rank the same token first, in percent.
    public let sameTopPercent: Estimate
    /// The change of the probability of the actual token, in percentage points.
    public let deltaPercent: Distribution
    /// The root mean square of that change; see `deltaPercent`.
    public let rmsDeltaPercent: Estimate
}
