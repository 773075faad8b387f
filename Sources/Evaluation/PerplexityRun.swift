import BlockFormats
import Inference
import Tokenizers

/// The options of measuring quality.
public struct EvaluationOptions: Sendable {
    /// The number of tokens in a window.
    public var context: Int
    /// The most windows; nil for the whole text.
    public var chunks: Int?
    /// The distance between windows; nil for consecutive windows, as in published figures.
    public var stride: Int?
    /// The precision of keys and values.
    public var cacheType: CacheType
    /// The number of threads; figures are the same for any number.
    public var threads: Int
    /// The kernels; nil for the fastest that this processor supports, or for those that `EDGEPIPE_KERNELS` names.
    public var kernels: Kernels?

    /// Creates options; the defaults are llama-perplexity's with one thread and a cache in single precision.
    public init(
        context: Int = 512,
        chunks: Int? = nil,
        stride: Int? = nil,
        cacheType: CacheType = .f32,
        threads: Int = 1,
        kernels: Kernels? = nil
    ) {
        self.context = context
        self.chunks = chunks
        self.stride = stride
        self.cacheType = cacheType
        self.threads = threads
        self.kernels = kernels
    }

    func session(_ model: LanguageModel, length: Int) throws -> InferenceSession {
        try InferenceSession(
            model,
            SessionOptions(
                context: length,
                cacheType: cacheType,
                threads: threads,
                readsWholeTexts: true,
                kernels: kernels
            )
        )
    }
}

/// The progress of a measurement.
public struct EvaluationProgress: Sendable {
    /// The number of windows done.
    public let chunk: Int
    /// The number of windows to do.
    public let chunkCount: Int
    /// The perplexity over the chunks so far.
    public let perplexity: Double
    /// The standard error of the perplexity; see `perplexity`.
    public let standardError: Double
    /// The mean divergence from the base; nil without one.
    public var meanDivergence: Double?
}

/// Measures perplexity as llama-perplexity defines it; docs/evaluation.md describes the method.
public struct PerplexityRun {
    /// The model that is measured.
    public let model: LanguageModel
    /// The options of the measurement.
    public let options: EvaluationOptions

    /// Creates a run of one model.
    public init(_ model: LanguageModel, _ options: EvaluationOptions = EvaluationOptions()) {
        self.model = model
        self.options = options
    }

    /// - Parameters:
    ///   - text: UTF-8; one newline at its end is ignored.
    ///   - progress: called after each chunk; an error that it throws ends the run.
    ///   - writer: receives the log-probabilities of every scored position, as the base of later comparisons.
    /// - Throws: `EvaluationError` for a text that is too short, `InferenceError`, `TokenizerError`, and `FileError`
    ///   from the writer.
    public func measure(
        text: [UInt8],
        progress: (EvaluationProgress) throws -> Void = { _ in },
        saving writer: ((TextWindows) throws -> BaseLogitsWriter)? = nil
    ) throws -> PerplexityResult {
        let windows = try windows(of: text)
        let output = try writer?(windows)
        var tally = PerplexityTally()
        let conditions = try score(windows, 0..<windows.count, output) { window in
            try tally.add(window)
            try progress(tally.progress(of: windows.count))
        }
        try output?.commit()
        return try tally.result(conditions)
    }

    /// Returns the scores of a piece of a text, to be joined with those of the other pieces.
    /// - Parameter windows: the windows of the whole text, see `windows(of:)`.
    /// - Throws: as `measure`.
    package func scores(
        of piece: TextPiece,
        in windows: TextWindows,
        progress: (EvaluationProgress) throws -> Void = { _ in }
    ) throws -> ScoredPiece {
        let range = piece.windows(of: windows.count)
        var (tally, scored) = (PerplexityTally(), [ScoredWindow]())
        let conditions = try score(windows, range, nil) { window in
            try tally.add(window)
            scored.append(window)
            try progress(tally.progress(of: range.count))
        }
        return ScoredPiece(
            windowCount: windows.count,
            range: range,
            isCompared: false,
            conditions: conditions,
            windows: scored
        )
    }

    /// Cuts a text into windows, as the model reads it.
    /// - Throws: `EvaluationError` for a text that is too short, `TokenizerError`.
    package func windows(of text: [UInt8]) throws -> TextWindows {
        try model.requirePredictions()
        return try TextWindows(
            text: text,
            tokenizer: model.tokenizer,
            context: options.context,
            chunks: options.chunks,
            stride: options.stride
        )
    }

    /// Scores some windows in their order.
    private func score(
        _ windows: TextWindows,
        _ range: Range<Int>,
        _ output: BaseLogitsWriter?,
        _ body: (ScoredWindow) throws -> Void
    ) throws -> ScoringConditions {
        let session = try options.session(model, length: windows.length)
        let kernels = session.kernels
        for index in range {
            let window = windows[index]
            var scores: [TokenScore] = []
            try session.score(window) { rows, targets in
                scores += rows.map { TokenScore($0, target: targets[$1], kernels: kernels) }
                if let output { try output.append(rows.map { row, _ in LogProbabilityRow(row) }) }
            }
            try body(ScoredWindow(window, scores, [], model.tokenizer))
        }
        return ScoringConditions(context: options.context, session)
    }
}
