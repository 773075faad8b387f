#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Collects surprises in the order of the text.
struct PerplexityTally {
    private var surprises: [Double] = []
    private var byteCounts: [Int] = []
    private var mean = RunningMean()
    private(set) var running: [Double] = []

    /// Adds the scores of one window.
    /// - Throws: `EvaluationError.notANumber`.
    mutating func add(_ window: ScoredWindow) throws {
        for (index, surprise) in window.surprises.enumerated() {
            guard surprise.isFinite else { throw window.notANumber(at: index) }
            mean.add(surprise)
        }
        surprises += window.surprises
        byteCounts += window.byteCounts
        running.append(exp(mean.mean))
    }

    /// - Parameter windows: the number of windows to score.
    func progress(of windows: Int) -> EvaluationProgress {
        let perplexity = exp(mean.mean)
        return EvaluationProgress(
            chunk: running.count,
            chunkCount: windows,
            perplexity: perplexity,
            standardError: perplexity * mean.standardError
        )
    }

    /// - Throws: `EvaluationError.noText`.
    func result(_ conditions: ScoringConditions) throws -> PerplexityResult {
        let bytes = byteCounts.reduce(0, +)
        guard bytes > 0 else { throw EvaluationError.noText }
        let perplexity = exp(mean.mean)
        let perByte = surprises.reduce(0, +) / Double(bytes)
        return PerplexityResult(
            perplexity: perplexity,
            standardError: perplexity * mean.standardError,
            bitsPerByte: perByte / log(2),
            bitsPerByteStandardError: standardErrorOfRatio(perByte, bytes: bytes) / log(2),
            scoredTokens: surprises.count,
            scoredBytes: bytes,
            chunks: running.count,
            context: conditions.context,
            runningPerplexity: running,
            cacheType: conditions.cacheType,
            kernels: conditions.kernels
        )
    }

    /// Computes the standard error with the delta method for a ratio of sums: tokens are the independent draws, each
    /// with its surprise and its bytes.
    private func standardErrorOfRatio(_ ratio: Double, bytes: Int) -> Double {
        let count = Double(surprises.count)
        guard count > 1 else { return 0 }
        var squares = 0.0
        for (surprise, byteCount) in zip(surprises, byteCounts) {
            let residual = surprise - ratio * Double(byteCount)
            squares += residual * residual
        }
        return sqrt(squares * count / (count - 1)) / Double(bytes)
    }
}
