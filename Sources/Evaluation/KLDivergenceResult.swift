/// How far a build's predictions are from its base model's, with the build's own perplexity.
public struct KLDivergenceResult: Sendable, Equatable, Codable {
    /// A mean and its standard error.
    public struct Estimate: Sendable, Equatable, Codable {
        public let value: Double
        public let standardError: Double
    }

    /// A sample of numbers: its mean, and the values below which so many percent of it lie.
    public struct Distribution: Sendable, Equatable, Codable {
        public let mean: Double
        public let standardError: Double
        public let max: Double
        public let p999: Double
        public let p99: Double
        public let p95: Double
        public let p90: Double
        public let p75: Double
        public let median: Double
        public let p25: Double
        public let p10: Double
        public let p05: Double
        public let p01: Double
        /// 0.1 percent.
        public let p001: Double
        public let min: Double
    }

    public let build: PerplexityResult
    /// Perplexity of the base, from its stored log-probabilities.
    public let basePerplexity: Estimate
    /// Mean of ln(perplexity of the build / perplexity of the base); the shared text makes its error small.
    public let logPerplexityRatio: Estimate
    public let perplexityRatio: Estimate
    public let perplexityDifference: Estimate
    /// Correlation of the logarithms of both perplexities, in percent.
    public let correlationPercent: Double
    /// Kullback-Leibler divergence of the build from the base per scored token, in nats.
    public let divergence: Distribution
    /// Share of tokens for which both models put the same token first, in percent.
    public let sameTopPercent: Estimate
    /// Change of the probability given to the token that came, in percentage points, and its root mean square.
    public let deltaPercent: Distribution
    public let rmsDeltaPercent: Estimate
}
