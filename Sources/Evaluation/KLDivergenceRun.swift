import Inference
import Tokenizers

/// Compares a build's predictions with its base model's, token by token.
public struct KLDivergenceRun {
    public let build: LanguageModel
    public let options: EvaluationOptions

    public init(_ build: LanguageModel, _ options: EvaluationOptions = EvaluationOptions()) {
        self.build = build
        self.options = options
    }

    /// Runs both models chunk by chunk; nothing is written.
    /// - Throws: `EvaluationError` for a text that is too short or models that do not belong together; `InferenceError`.
    public func compare(
        with base: LanguageModel,
        text: [UInt8],
        progress: (EvaluationProgress) throws -> Void = { _ in }
    ) throws -> KLDivergenceResult {
        guard base.tokenizer.vocabulary.tokens == build.tokenizer.vocabulary.tokens else {
            throw EvaluationError.vocabulariesDiffer(base: base.vocabularySize, build: build.vocabularySize)
        }
        let windows = try TextWindows(
            text: text,
            tokenizer: base.tokenizer,
            context: options.context,
            chunks: options.chunks,
            stride: options.stride
        )
        let session = try options.session(base, length: windows.length)
        return try compare(windows, progress) { window in
            var rows: [LogProbabilityRow] = []
            try session.score(window) { logits, _ in rows += logits.map { row, _ in LogProbabilityRow(row) } }
            return rows
        }
    }

    /// Compares with a file of the base model's log-probabilities, whose text and context it uses.
    /// - Throws: `EvaluationError` when the file belongs to another vocabulary; `InferenceError`.
    public func compare(
        with base: BaseLogits,
        progress: (EvaluationProgress) throws -> Void = { _ in }
    ) throws -> KLDivergenceResult {
        guard base.vocabularySize == build.vocabularySize else {
            throw EvaluationError.vocabulariesDiffer(base: base.vocabularySize, build: build.vocabularySize)
        }
        let windows = try TextWindows(base: base, tokenizer: build.tokenizer, chunks: options.chunks)
        return try compare(windows, progress) { window in
            try window.targets.indices.map { try base.row(chunk: window.index, index: $0) }
        }
    }

    private func compare(
        _ windows: TextWindows,
        _ progress: (EvaluationProgress) throws -> Void,
        base: (TextWindows.Window) throws -> [LogProbabilityRow]
    ) throws -> KLDivergenceResult {
        let session = try options.session(build, length: windows.length)
        let kernels = session.kernels
        var perplexity = PerplexityTally(build.tokenizer)
        var divergence = DivergenceTally()
        for index in 0..<windows.count {
            let window = windows[index]
            let rows = try base(window)
            var scores: [TokenScore] = []
            var comparisons: [DivergenceScore] = []
            try session.score(window) { logits, targets in
                scores += logits.map { TokenScore($0, target: targets[$1], kernels: kernels) }
                comparisons += logits.map {
                    DivergenceScore($0, base: rows[$1], target: targets[$1], kernels: kernels)
                }
            }
            try perplexity.add(scores, of: window)
            try divergence.add(comparisons, of: window)
            var state = perplexity.progress(of: windows)
            state.meanDivergence = divergence.divergence.mean
            try progress(state)
        }
        return divergence.result(build: try perplexity.result(context: windows.length, session: session))
    }
}
