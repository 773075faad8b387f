import Inference
import Tokenizers

/// Compares builds' predictions with their base model's, token by token.
public struct KLDivergenceRun {
    /// The compared builds.
    public let builds: [LanguageModel]
    /// The options of the windows, and of running builds and base.
    public let options: EvaluationOptions

    /// The most bytes of the base model's log-probabilities that are kept at a time.
    package var keptBytes = Self.standardKeptBytes
    private static let standardKeptBytes = 128 << 20

    /// Creates a run of several builds, which are compared with one base in one pass.
    public init(_ builds: [LanguageModel], _ options: EvaluationOptions = EvaluationOptions()) {
        self.builds = builds
        self.options = options
    }

    /// Creates a run of one build.
    public init(_ build: LanguageModel, _ options: EvaluationOptions = EvaluationOptions()) {
        self.init([build], options)
    }

    /// Runs the base once over the text, and each build once, without writing anything.
    ///
    /// The figures equal those of each build compared alone. The base reads some windows, then one build after the
    /// other does, so that models larger than memory are rarely read.
    /// - Parameter progress: called for each window of each build, with the build's index.
    /// - Returns: one result per build, in their order.
    /// - Throws: `EvaluationError` for a text that is too short or models that do not belong together;
    ///   `InferenceError`.
    public func compare(
        with base: LanguageModel,
        text: [UInt8],
        progress: (_ build: Int, EvaluationProgress) throws -> Void
    ) throws -> [KLDivergenceResult] {
        let windows = try windows(of: text, base)
        return try compare(windows, base, progress) { try Self.rows(of: base, windows, $0, options) }
    }

    /// Returns the scores of a piece of a text for each build, to be joined with those of the other pieces.
    /// - Parameter windows: the windows of the whole text, see `windows(of:_:)`.
    /// - Throws: as `compare`.
    package func scores(
        of piece: TextPiece,
        in windows: TextWindows,
        with base: LanguageModel,
        progress: (_ build: Int, EvaluationProgress) throws -> Void = { _, _ in }
    ) throws -> [ScoredPiece] {
        let range = piece.windows(of: windows.count)
        var tallies = builds.map { _ in Tally() }
        var scored = builds.map { _ in [ScoredWindow]() }
        let conditions = try score(windows, range, base) { index, window in
            scored[index].append(window)
            try progress(index, try tallies[index].add(window, of: range.count))
        } base: {
            try Self.rows(of: base, windows, $0, options)
        }
        return builds.indices.map { index in
            ScoredPiece(
                windowCount: windows.count,
                range: range,
                isCompared: true,
                conditions: conditions[index]
                    ?? ScoringConditions(context: windows.length, cacheType: options.cacheType.rawValue, kernels: ""),
                windows: scored[index]
            )
        }
    }

    /// Cuts a text into windows, as base and builds read it.
    /// - Throws: `EvaluationError` for a text that is too short or models that do not belong together.
    package func windows(of text: [UInt8], _ base: LanguageModel) throws -> TextWindows {
        for model in builds + [base] { try model.requirePredictions() }
        for build in builds where base.tokenizer.vocabulary.tokens != build.tokenizer.vocabulary.tokens {
            throw EvaluationError.vocabulariesDiffer(base: base.vocabularySize, build: build.vocabularySize)
        }
        return try TextWindows(
            text: text,
            tokenizer: base.tokenizer,
            context: options.context,
            chunks: options.chunks,
            stride: options.stride
        )
    }

    /// Returns the base's log-probabilities for some windows.
    private static func rows(
        of base: LanguageModel,
        _ windows: TextWindows,
        _ block: Range<Int>,
        _ options: EvaluationOptions
    ) throws -> [[LogProbabilityRow]] {
        let session = try options.session(base, length: windows.length)
        defer { base.releaseWeights() }
        return try block.map { index in
            var rows: [LogProbabilityRow] = []
            try session.score(windows[index]) { logits, _ in
                rows += logits.map { row, _ in LogProbabilityRow(row) }
            }
            return rows
        }
    }

    /// Runs the base and one build over the text.
    public func compare(
        with base: LanguageModel,
        text: [UInt8],
        progress: (EvaluationProgress) throws -> Void = { _ in }
    ) throws -> KLDivergenceResult {
        try compare(with: base, text: text) { _, state in try progress(state) }[0]
    }

    /// Compares one build with a file of the base model's log-probabilities, using the file's text and context.
    /// - Throws: `EvaluationError` if the file belongs to another vocabulary; `InferenceError`.
    public func compare(
        with base: BaseLogits,
        progress: (EvaluationProgress) throws -> Void = { _ in }
    ) throws -> KLDivergenceResult {
        let build = builds[0]
        guard base.vocabularySize == build.vocabularySize else {
            throw EvaluationError.vocabulariesDiffer(base: base.vocabularySize, build: build.vocabularySize)
        }
        let windows = try TextWindows(base: base, tokenizer: build.tokenizer, chunks: options.chunks)
        return try compare(windows, build) { _, state in
            try progress(state)
        } base: { block in
            try block.map { chunk in
                try windows[chunk].targets.indices.map { try base.row(chunk: chunk, index: $0) }
            }
        }[0]
    }

    /// - Parameter base: returns the log-probabilities of each scored position of some windows.
    private func compare(
        _ windows: TextWindows,
        _ model: LanguageModel,
        _ progress: (Int, EvaluationProgress) throws -> Void,
        base: (Range<Int>) throws -> [[LogProbabilityRow]]
    ) throws -> [KLDivergenceResult] {
        var tallies = builds.map { _ in Tally() }
        let conditions = try score(windows, 0..<windows.count, model) { index, window in
            try progress(index, try tallies[index].add(window, of: windows.count))
        } base: {
            try base($0)
        }
        return try zip(tallies, conditions).compactMap { tally, conditions in try conditions.map(tally.result) }
    }

    private static func keptWindows(_ bytes: Int, _ windowBytes: Int) -> Int { max(1, bytes / max(1, windowBytes)) }

    /// Returns the bytes of the base's log-probabilities that a run keeps at a time.
    /// - Parameters:
    ///   - context: the number of tokens in a window.
    ///   - vocabulary: the number of tokens in the vocabulary.
    package static func keptByteCount(context: Int, windows: Int, vocabulary: Int) -> Int {
        let window = max(0, context - 1 - context / 2) * LogProbabilityRow.byteCount(tokenCount: vocabulary)
        return min(windows, keptWindows(standardKeptBytes, window)) * window
    }

    /// Scores some windows: each block by the base, then by one build after the other.
    /// - Parameters:
    ///   - body: called for each window of each build, with the build's index.
    ///   - base: returns the log-probabilities of each scored position of some windows.
    /// - Returns: the conditions of each build; nil if there are no windows.
    private func score(
        _ windows: TextWindows,
        _ range: Range<Int>,
        _ model: LanguageModel,
        _ body: (Int, ScoredWindow) throws -> Void,
        base: (Range<Int>) throws -> [[LogProbabilityRow]]
    ) throws -> [ScoringConditions?] {
        var conditions = [ScoringConditions?](repeating: nil, count: builds.count)
        let windowBytes = windows[0].targets.count * LogProbabilityRow.byteCount(tokenCount: model.vocabularySize)
        let step = Self.keptWindows(keptBytes, windowBytes)
        for start in stride(from: range.lowerBound, to: range.upperBound, by: step) {
            let block = start..<min(start + step, range.upperBound)
            let rows = try base(block)
            for (index, build) in builds.enumerated() {
                // A session's scratch memory is as large as a small model, so only one is kept at a time.
                let session = try options.session(build, length: windows.length)
                for (window, rows) in zip(block, rows) {
                    try body(index, try session.scores(of: windows[window], build.tokenizer, comparedWith: rows))
                }
                conditions[index] = ScoringConditions(context: windows.length, session)
                build.releaseWeights()
            }
        }
        return conditions
    }
}

extension InferenceSession {
    /// Returns the scores of one window, compared with the base's log-probabilities.
    fileprivate func scores(
        of window: TextWindows.Window,
        _ tokenizer: Tokenizer,
        comparedWith rows: [LogProbabilityRow]
    ) throws -> ScoredWindow {
        let kernels = kernels
        var scores: [TokenScore] = []
        var comparisons: [DivergenceScore] = []
        try score(window) { logits, targets in
            scores += logits.map { TokenScore($0, target: targets[$1], kernels: kernels) }
            comparisons += logits.map { DivergenceScore($0, base: rows[$1], target: targets[$1], kernels: kernels) }
        }
        return ScoredWindow(window, scores, comparisons, tokenizer)
    }
}

/// The results of one build so far.
private struct Tally {
    private var perplexity = PerplexityTally()
    private var divergence = DivergenceTally()

    /// - Parameter windows: the number of windows to score.
    mutating func add(_ window: ScoredWindow, of windows: Int) throws -> EvaluationProgress {
        try perplexity.add(window)
        try divergence.add(window)
        var state = perplexity.progress(of: windows)
        state.meanDivergence = divergence.divergence.mean
        return state
    }

    func result(_ conditions: ScoringConditions) throws -> KLDivergenceResult {
        divergence.result(build: try perplexity.result(conditions))
    }
}
