import BlockFormats
import Inference

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The comparison of one row of a build's logits with the base's.
struct DivergenceScore: Sendable, Equatable {
    let divergence: Double
    let surprise: Double
    let baseSurprise: Double
    let sameTop: Bool
    /// The build's probability of the actual token, minus the base's.
    let delta: Double

    /// Creates a score from stored values.
    init(divergence: Double, surprise: Double, baseSurprise: Double, sameTop: Bool, delta: Double) {
        (self.divergence, self.surprise, self.baseSurprise) = (divergence, surprise, baseSurprise)
        (self.sameTop, self.delta) = (sameTop, delta)
    }

    /// Computes terms in single precision and sums in double, as llama-perplexity does; tokens with a base probability
    /// below e^-16 do not count.
    init(_ logits: UnsafeBufferPointer<Float>, base: LogProbabilityRow, target: Int32, kernels: Kernels) {
        let largest = kernels.max(logits)
        let logSum = Float(log(kernels.sumOfExponentials(logits, shift: largest)))
        let surprise = largest + logSum - logits[Int(target)]
        let baseSurprise = -base[Int(target)]
        let normalizer = largest + logSum
        var sum = 0.0
        var (top, baseTop, topStep) = (0, 0, base.steps[0])
        for token in logits.indices {
            let step = base.steps[token]
            if logits[token] > logits[top] { top = token }
            if step > topStep { (baseTop, topStep) = (token, step) }
            let logProbability = base.scale * Float(step) + base.smallest
            if logProbability > -16 {
                sum += Double(expf(logProbability) * (logProbability - logits[token] + normalizer))
            }
        }
        divergence = sum
        self.surprise = Double(surprise)
        self.baseSurprise = Double(baseSurprise)
        sameTop = top == baseTop
        delta = Double(expf(-surprise) - expf(-baseSurprise))
    }
}

/// Collects divergences in the order of the text.
struct DivergenceTally {
    private var divergences: [Double] = []
    /// The changes of probability in percentage points.
    private var deltas: [Double] = []
    private(set) var divergence = RunningMean()
    private var build = RunningMean()
    private var base = RunningMean()
    private var covariance = RunningCovariance()
    private var logRatio = RunningMean()
    private var delta = RunningMean()
    private var squaredDelta = RunningMean()
    private var sameTop = 0

    /// - Throws: `EvaluationError.notANumber`.
    mutating func add(_ window: ScoredWindow) throws {
        for (index, score) in window.comparisons.enumerated() {
            guard score.divergence.isFinite, score.baseSurprise.isFinite, score.surprise.isFinite else {
                throw window.notANumber(at: index)
            }
            let change = 100 * score.delta
            divergences.append(score.divergence)
            deltas.append(change)
            divergence.add(score.divergence)
            build.add(score.surprise)
            base.add(score.baseSurprise)
            covariance.add(score.surprise, score.baseSurprise)
            logRatio.add(score.surprise - score.baseSurprise)
            delta.add(change)
            squaredDelta.add(change * change)
            if score.sameTop { sameTop += 1 }
        }
    }

    func result(build perplexity: PerplexityResult) -> KLDivergenceResult {
        typealias Estimate = KLDivergenceResult.Estimate
        let count = Double(max(1, divergences.count))
        let (buildPerplexity, basePerplexity) = (exp(build.mean), exp(base.mean))
        let errors = (buildPerplexity * build.standardError, basePerplexity * base.standardError)
        let sharedError = 2 * buildPerplexity * basePerplexity * covariance.ofMeans
        let ratio = exp(logRatio.mean)
        let bothErrors = build.standardError * base.standardError
        let share = Double(sameTop) / count
        let root = sqrt(squaredDelta.mean)
        return KLDivergenceResult(
            build: perplexity,
            basePerplexity: Estimate(value: basePerplexity, standardError: errors.1),
            logPerplexityRatio: Estimate(value: logRatio.mean, standardError: logRatio.standardError),
            perplexityRatio: Estimate(value: ratio, standardError: ratio * logRatio.standardError),
            perplexityDifference: Estimate(
                value: buildPerplexity - basePerplexity,
                standardError: sqrt(max(0, errors.0 * errors.0 + errors.1 * errors.1 - sharedError))
            ),
            correlationPercent: bothErrors == 0 ? 100 : 100 * covariance.ofMeans / bothErrors,
            divergence: SortedSample(divergences).distribution(divergence),
            sameTopPercent: Estimate(
                value: 100 * share,
                standardError: 100 * sqrt(share * (1 - share) / max(1, count - 1))
            ),
            deltaPercent: SortedSample(deltas).distribution(delta),
            rmsDeltaPercent: Estimate(
                value: root,
                standardError: root == 0 ? 0 : 0.5 / root * squaredDelta.standardError
            )
        )
    }
}
