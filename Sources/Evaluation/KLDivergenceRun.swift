import Inference
import Tokenizers

/// Compares builds' predictions with their base model's, token by token.
public struct KLDivergenceRun {
    /// The builds that are compared.
    public let builds: [LanguageModel]
    /// The windows, and how builds and base run.
    public let options: EvaluationOptions

    /// The base model's log-probabilities that are kept at a time, in bytes.
    package var keptBytes = Self.standardKeptBytes
    private static let standardKeptBytes = 128 << 20

    /// A run of several builds, which are compared with one base in one pass.
    public init(_ builds: [LanguageModel], _ options: EvaluationOptions = EvaluationOptions()) {
        self.builds = builds
        self.options = options
    }

    /// A run of one build.
    public init(_ build: LanguageModel, _ options: EvaluationOptions = EvaluationOptions()) {
        self.init([build], options)
    }

    /// Runs the base once over the text, and each build once; nothing is written.
    ///
    /// The figures are those of each build compared alone. Some windows are read by the base, then by one build after the
    /// other, so that models larger than memory are read seldom.
    /// - Parameter progress: told of each window of each build, with the build's index.
    /// - Returns: a result a build, in their order.
    /// - Throws: `EvaluationError` for a text that is too short or models that do not belong together; `InferenceError`.
    public func compare(
        with base: LanguageModel,
        text: [UInt8],
        progress: (_ build: Int, EvaluationProgress) throws -> Void
    ) throws -> [KLDivergenceResult] {
        let windows = try windows(of: text, base)
        return try compare(windows, base, progress) { try Self.rows(of: base, windows, $0, options) }
    }

    /// The scores of a piece of a text for each build, to be joined with those of the others.
    /// - Parameter windows: of the whole text, see `windows(of:_:)`.
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

    /// A text as base and builds read it.
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

    /// What the base gives for some windows.
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

    /// The same for one build.
    public func compare(
        with base: LanguageModel,
        text: [UInt8],
        progress: (EvaluationProgress) throws -> Void = { _ in }
    ) throws -> KLDivergenceResult {
        try compare(with: base, text: text) { _, state in try progress(state) }[0]
    }

    /// Compares one build with a file of the base model's log-probabilities, whose text and context it uses.
    /// - Throws: `EvaluationError` when the file belongs to another vocabulary; `InferenceError`.
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

    /// - Parameter base: the log-probabilities of each scored position of some windows.
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

    /// What a run keeps of the base's log-probabilities at a time, in bytes.
    /// - Parameters:
    ///   - context: tokens of a window.
    ///   - vocabulary: tokens of the model.
    package static func keptByteCount(context: Int, windows: Int, vocabulary: Int) -> Int {
        let window = max(0, context - 1 - context / 2) * LogProbabilityRow.byteCount(tokenCount: vocabulary)
        return min(windows, keptWindows(standardKeptBytes, window)) * window
    }

    /// Scores some windows: each block by the base, then by one build after the other.
    /// - Parameters:
    ///   - body: told of each window of each build, with the build's index.
    ///   - base: the log-probabilities of each scored position of some windows.
    /// - Returns: how each build was run; nil where there are no windows.
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
                // A session's scratch memory is as large as a small model: one is kept at a time.
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
    /// The scores of one window, compared with the base's log-probabilities.
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

/// What is known of one build so far.
private struct Tally {
    private var perplexity = PerplexityTally()
    private var divergence = DivergenceTally()

    /// - Parameter windows: how many there are to do.
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
