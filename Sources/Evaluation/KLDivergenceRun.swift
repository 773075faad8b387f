import Inference
import Tokenizers

/// Compares builds' predictions with their base model's, token by token.
public struct KLDivergenceRun {
    /// The builds that are compared.
    public let builds: [LanguageModel]
    /// The windows, and how builds and base run.
    public let options: EvaluationOptions

    /// The base model's log-probabilities that are kept at a time, in bytes.
    package var keptBytes = 128 << 20

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
        for model in builds + [base] { try model.requirePredictions() }
        for build in builds where base.tokenizer.vocabulary.tokens != build.tokenizer.vocabulary.tokens {
            throw EvaluationError.vocabulariesDiffer(base: base.vocabularySize, build: build.vocabularySize)
        }
        let windows = try TextWindows(
            text: text,
            tokenizer: base.tokenizer,
            context: options.context,
            chunks: options.chunks,
            stride: options.stride
        )
        return try compare(windows, base, progress) { block in
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
        var tallies = builds.map(Tally.init)
        let windowBytes = windows[0].targets.count * LogProbabilityRow.byteCount(tokenCount: model.vocabularySize)
        let step = max(1, keptBytes / max(1, windowBytes))
        for start in stride(from: 0, to: windows.count, by: step) {
            let block = start..<min(start + step, windows.count)
            let rows = try base(block)
            for index in builds.indices {
                // A session's scratch memory is as large as a small model: one is kept at a time.
                let session = try options.session(builds[index], length: windows.length)
                for (window, rows) in zip(block, rows) {
                    let state = try tallies[index].add(windows[window], of: windows, rows, session)
                    try progress(index, state)
                }
                if block.upperBound == windows.count { try tallies[index].finish(windows, session) }
                builds[index].releaseWeights()
            }
        }
        return tallies.compactMap(\.result)
    }
}

/// What is known of one build so far.
private struct Tally {
    private var perplexity: PerplexityTally
    private var divergence = DivergenceTally()
    private(set) var result: KLDivergenceResult?

    init(_ build: LanguageModel) { perplexity = PerplexityTally(build.tokenizer) }

    mutating func add(
        _ window: TextWindows.Window,
        of windows: TextWindows,
        _ rows: [LogProbabilityRow],
        _ session: InferenceSession
    ) throws -> EvaluationProgress {
        let kernels = session.kernels
        var scores: [TokenScore] = []
        var comparisons: [DivergenceScore] = []
        try session.score(window) { logits, targets in
            scores += logits.map { TokenScore($0, target: targets[$1], kernels: kernels) }
            comparisons += logits.map { DivergenceScore($0, base: rows[$1], target: targets[$1], kernels: kernels) }
        }
        try perplexity.add(scores, of: window)
        try divergence.add(comparisons, of: window)
        var state = perplexity.progress(of: windows)
        state.meanDivergence = divergence.divergence.mean
        return state
    }

    mutating func finish(_ windows: TextWindows, _ session: InferenceSession) throws {
        result = divergence.result(build: try perplexity.result(context: windows.length, session: session))
    }
}
