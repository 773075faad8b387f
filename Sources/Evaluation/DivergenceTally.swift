import BlockFormats
import Inference

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// How one row of a build's logits compares with the base's.
struct DivergenceScore: Sendable {
    let divergence: Double
    let surprise: Double
    let baseSurprise: Double
    let sameTop: Bool
    /// Probability of the token that came, by the build less by the base.
    let delta: Double

    /// Terms are in single precision, sums in double, as in llama-perplexity; tokens that the base gives less than e^-16
    /// count nothing.
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
    private var divergence = RunningMean()
    private var base = RunningMean()
    private var logRatio = RunningMean()
    private var delta = RunningMean()
    private var squaredDelta = RunningMean()
    private var sameTop = 0

    /// - Throws: `EvaluationError.notANumber`.
    mutating func add(_ scores: [DivergenceScore], of window: TextWindows.Window) throws {
        for (index, score) in scores.enumerated() {
            guard score.divergence.isFinite, score.baseSurprise.isFinite, score.surprise.isFinite else {
                throw EvaluationError.notANumber(
                    chunk: window.index + 1,
                    position: window.scored.lowerBound + index + 1
                )
            }
            divergences.append(score.divergence)
            divergence.add(score.divergence)
            base.add(score.baseSurprise)
            logRatio.add(score.surprise - score.baseSurprise)
            delta.add(score.delta)
            squaredDelta.add(score.delta * score.delta)
            if score.sameTop { sameTop += 1 }
        }
    }

    func result(build: PerplexityResult) -> KLDivergenceResult {
        typealias Estimate = KLDivergenceResult.Estimate
        let sample = SortedSample(divergences)
        let count = Double(max(1, divergences.count))
        let basePerplexity = exp(base.mean)
        let share = Double(sameTop) / count
        let root = sqrt(squaredDelta.mean)
        return KLDivergenceResult(
            build: build,
            basePerplexity: Estimate(value: basePerplexity, standardError: basePerplexity * base.standardError),
            logPerplexityRatio: Estimate(value: logRatio.mean, standardError: logRatio.standardError),
            divergence: KLDivergenceResult.Divergence(
                mean: divergence.mean,
                standardError: divergence.standardError,
                median: sample.quantile(0.5),
                p90: sample.quantile(0.9),
                p95: sample.quantile(0.95),
                p99: sample.quantile(0.99),
                p999: sample.quantile(0.999),
                max: sample.quantile(1),
                min: sample.quantile(0)
            ),
            sameTopPercent: Estimate(
                value: 100 * share,
                standardError: 100 * sqrt(share * (1 - share) / max(1, count - 1))
            ),
            meanDeltaPercent: Estimate(value: 100 * delta.mean, standardError: 100 * delta.standardError),
            rmsDeltaPercent: Estimate(
                value: 100 * root,
                standardError: root == 0 ? 0 : 100 * 0.5 / root * squaredDelta.standardError
            )
        )
    }
}
