import BlockFormats
import Inference
import Tokenizers

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
    private let tokenizer: Tokenizer

    init(_ tokenizer: Tokenizer) { self.tokenizer = tokenizer }

    /// Adds the scores of one window.
    /// - Throws: `EvaluationError.notANumber`.
    mutating func add(_ scores: [TokenScore], of window: TextWindows.Window) throws {
        for (index, score) in scores.enumerated() {
            guard score.surprise.isFinite else {
                throw EvaluationError.notANumber(
                    chunk: window.index + 1,
                    position: window.scored.lowerBound + index + 1
                )
            }
            mean.add(score.surprise)
            surprises.append(score.surprise)
            byteCounts.append(tokenizer.piece(of: window.targets[index], renderSpecial: true).count)
        }
        running.append(exp(mean.mean))
    }

    func progress(of windows: TextWindows) -> EvaluationProgress {
        let perplexity = exp(mean.mean)
        return EvaluationProgress(
            chunk: running.count,
            chunkCount: windows.count,
            perplexity: perplexity,
            standardError: perplexity * mean.standardError
        )
    }

    /// - Throws: `EvaluationError.noText`.
    func result(context: Int, session: InferenceSession) throws -> PerplexityResult {
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
            context: context,
            runningPerplexity: running,
            cacheType: session.options.cacheType.rawValue,
            kernels: session.kernels.rawValue
        )
    }

    /// The delta method for a ratio of sums: tokens are the independent draws, each with its surprise and its bytes.
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
