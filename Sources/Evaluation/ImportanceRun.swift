import Inference
import Quantization
import Tokenizers

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The options of collecting an importance matrix.
public struct ImportanceOptions: Sendable {
    /// The number of tokens in a window.
    public var context = 512
    /// The most windows; nil for the whole text.
    public var chunks: Int?
    /// Whether control tokens that are written out in the text become those tokens.
    public var parsesSpecial = false
    /// Whether the output matrix also has an entry.
    public var includesOutput = false
    /// Whether perplexity is measured on the way, which reveals a broken model.
    public var measuresPerplexity = true
    /// The number of threads; the sums are the same for any number.
    public var threads = 1

    /// Creates llama-imatrix's default options.
    public init() {}
}

/// The progress of a collection.
public struct ImportanceProgress: Sendable {
    /// The number of windows read, including those of an earlier run.
    public let chunk: Int
    /// The number of windows to read.
    public let chunkCount: Int
    /// The perplexity over the windows of this run; nil if it is not measured.
    public let perplexity: Double?
}

/// Collects an importance matrix by llama-imatrix's method: all positions of consecutive windows, each from an empty
/// cache.
public struct ImportanceRun {
    /// The model whose activations are collected.
    public let model: LanguageModel
    /// The options of the collection.
    public let options: ImportanceOptions
    private let matrixCount: (String) -> Int

    /// - Parameter matrixCount: returns the number of matrices in a tensor's stack: its experts, otherwise 1.
    public init(_ model: LanguageModel, _ options: ImportanceOptions, matrixCount: @escaping (String) -> Int) {
        self.model = model
        self.options = options
        self.matrixCount = matrixCount
    }

    /// - Parameters:
    ///   - text: UTF-8; one newline at its end is ignored.
    ///   - dataset: the name of the text in the importance matrix.
    ///   - earlier: what an interrupted run over the same text had collected; this run continues after its windows.
    ///   - progress: called after each window with what was collected so far; an error that it throws ends the run.
    /// - Throws: `EvaluationError` for a text that is too short or activations that are NaN; `InferenceError`.
    public func collect(
        text: [UInt8],
        dataset: String,
        continuing earlier: ImportanceSums? = nil,
        progress: (ImportanceProgress, () -> ImportanceSums) throws -> Void = { _, _ in }
    ) throws -> (sums: ImportanceSums, perplexity: Double?) {
        try model.requirePredictions()
        let windows = try TextWindows(
            text: text,
            tokenizer: model.tokenizer,
            context: options.context,
            chunks: options.chunks,
            parsesSpecial: options.parsesSpecial
        )
        let collector = ImportanceCollector(
            matrixCount: matrixCount,
            includesOutput: options.includesOutput,
            threads: options.threads,
            earlier: earlier
        )
        let session = try InferenceSession(
            model,
            SessionOptions(context: windows.length, threads: options.threads, readsWholeTexts: true)
        )
        session.observer = collector.observe
        var surprise = RunningMean()
        let first = min(earlier?.chunkCount ?? 0, windows.count)
        func sums(after chunk: Int) -> ImportanceSums {
            collector.sums(dataset: dataset, chunkCount: chunk, chunkSize: options.context)
        }
        for index in first..<windows.count {
            try read(windows[index], session, &surprise)
            if let tensor = collector.overflowed {
                throw EvaluationError.activationsNotFinite(tensor: tensor, chunk: index + 1)
            }
            let state = ImportanceProgress(
                chunk: index + 1,
                chunkCount: windows.count,
                perplexity: perplexity(surprise)
            )
            try progress(state) { sums(after: index + 1) }
        }
        return (sums(after: windows.count), perplexity(surprise))
    }

    private func perplexity(_ surprise: RunningMean) -> Double? {
        options.measuresPerplexity && surprise.count > 0 ? exp(surprise.mean) : nil
    }

    private func read(
        _ window: TextWindows.Window,
        _ session: InferenceSession,
        _ surprise: inout RunningMean
    ) throws {
        let scored = options.measuresPerplexity ? window.scored : 0..<0
        let wanted = options.includesOutput ? window.tokens.indices : scored
        let kernels = session.kernels
        session.reset()
        try session.evaluate(window.tokens, logitsFor: wanted, isComplete: true) { logits in
            let here = scored.clamped(to: logits.first..<(logits.first + logits.count))
            guard !here.isEmpty else { return }
            let rows = ScoredRows(logits: logits, first: logits.first, threads: options.threads)
            let scores = rows.map { row, position in
                scored.contains(position)
                    ? TokenScore(row, target: window.targets[position - scored.lowerBound], kernels: kernels) : nil
            }
            for score in scores.compactMap({ $0 }) { surprise.add(score.surprise) }
        }
    }
}
