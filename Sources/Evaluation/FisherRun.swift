import BlockFormats
import GGUF
import Inference
import Tensors

/// The options of collecting Fisher factors.
public struct FisherOptions: Sendable {
    /// The number of tokens in a window.
    public var context: Int
    /// The most windows; nil for the whole text.
    public var chunks: Int?
    /// The number of threads; the factors are the same for any number.
    public var threads: Int
    /// The seed: with the place in the text, it alone decides the drawn labels.
    public var seed: UInt64
    /// The kernels; nil for the fastest that this processor supports, or for those that `EDGEPIPE_KERNELS` names.
    public var kernels: Kernels?

    /// Creates options; the defaults are windows of 512 tokens, one thread, and a seed of 0.
    public init(
        context: Int = 512,
        chunks: Int? = nil,
        threads: Int = 1,
        seed: UInt64 = 0,
        kernels: Kernels? = nil
    ) {
        (self.context, self.chunks, self.threads, self.seed, self.kernels) = (context, chunks, threads, seed, kernels)
    }
}

/// The progress of collecting Fisher factors.
public struct FisherProgress: Sendable {
    /// The number of windows read, including those of an earlier run.
    public let chunk: Int
    /// The number of windows to read.
    public let chunkCount: Int
}

/// Collects Fisher factors of every weight matrix over all positions of consecutive windows, each from an empty cache:
/// one forward and one backward pass for each, with labels drawn from the model's own predictions.
public struct FisherRun {
    /// The model whose factors are collected.
    public let model: LanguageModel
    /// The options of the collection.
    public let options: FisherOptions

    /// Creates a run without reading anything.
    public init(_ model: LanguageModel, _ options: FisherOptions = FisherOptions()) {
        (self.model, self.options) = (model, options)
    }

    /// - Parameters:
    ///   - text: UTF-8; one newline at its end is ignored.
    ///   - earlier: what an interrupted run over the same text had collected; this run continues after its windows,
    ///     with the result of one uninterrupted run.
    ///   - progress: called after each window; an error that it throws ends the run. Its second argument returns what
    ///     was collected so far.
    /// - Throws: `EvaluationError` for a text that is too short, factors of another model or run, or gradients that are
    ///   NaN; `InferenceError` for a model without a backward pass.
    public func collect(
        text: [UInt8],
        continuing earlier: FisherFactors? = nil,
        progress: (FisherProgress, () -> FisherFactors) throws -> Void = { _, _ in }
    ) throws -> FisherFactors {
        try model.requirePredictions()
        let windows = try TextWindows(
            text: text,
            tokenizer: model.tokenizer,
            context: options.context,
            chunks: options.chunks
        )
        let session = try GradientSession(
            model,
            tokenCount: windows.length,
            threads: options.threads,
            kernels: options.kernels
        )
        let start = try start(earlier, kernels: session.kernels)
        let collector = FisherCollector(model, continuing: start, threads: options.threads)
        for index in min(start.chunks, windows.count)..<windows.count {
            let tokens = windows[index].tokens
            try read(tokens, chunk: index, session, collector)
            if let tensor = collector.finishWindow(tokens: tokens.count) {
                throw EvaluationError.gradientsNotFinite(tensor: tensor, chunk: index + 1)
            }
            try progress(FisherProgress(chunk: index + 1, chunkCount: windows.count)) { collector.factors }
        }
        return collector.factors
    }

    /// Returns the initial state of the run.
    private func start(_ earlier: FisherFactors?, kernels: Kernels) throws -> FisherFactors {
        let none = FisherFactors(
            tokens: 0,
            context: options.context,
            chunks: 0,
            seed: options.seed,
            kernels: kernels.rawValue,
            tensors: []
        )
        guard let earlier else { return none }
        let known = (earlier.context, earlier.seed, earlier.kernels)
        guard known == (none.context, none.seed, none.kernels), earlier.tokens == earlier.chunks * earlier.context
        else {
            throw EvaluationError.factorsOfAnotherRun
        }
        try earlier.check(of: model)
        return earlier
    }

    private func read(
        _ tokens: [Int32],
        chunk: Int,
        _ session: GradientSession,
        _ collector: FisherCollector
    ) throws {
        let seed = options.seed
        do {
            try session.run(
                tokens,
                label: { position, probabilities in
                    LabelDraw(seed: seed, chunk: chunk, position: position).label(probabilities)
                },
                observer: collector.observe
            )
        } catch let error as InferenceError {
            guard case .notANumber(let position) = error.problem else { throw error }
            throw EvaluationError.notANumber(chunk: chunk + 1, position: position)
        }
    }
}

extension FisherFactors {
    /// Rejects factors of another model.
    /// - Throws: `EvaluationError.factorsOfAnotherModel`.
    public func check(of model: LanguageModel) throws {
        let shapes = Dictionary(model.weightTensors.map { ($0.name, $0.shape) }) { first, _ in first }
        try check { name in
            shapes[name].map { shape in
                let matrices = shape.dimensions.dropFirst(2).reduce(1, *)
                return (shape.rowCount / matrices, shape.rowLength, matrices)
            }
        }
    }
}

/// A token drawn by its probability, for one place in a text; earlier draws do not affect it.
///
/// Source of the mixing: Steele et al., "Fast Splittable Pseudorandom Number Generators", 2014.
struct LabelDraw {
    /// A number from 0 up to 1.
    let fraction: Double

    init(seed: UInt64, chunk: Int, position: Int) {
        var state = seed
        for number in [UInt64(chunk), UInt64(position)] {
            state = Self.mix(state &+ 0x9e37_79b9_7f4a_7c15 &* (number &+ 1))
        }
        fraction = Double(state >> 11) * 0x1p-53
    }

    func label(_ probabilities: UnsafeBufferPointer<Float>) -> Int {
        var total = 0.0
        for probability in probabilities { total += Double(probability) }
        var left = fraction * total
        for (token, probability) in probabilities.enumerated() {
            left -= Double(probability)
            if left < 0 { return token }
        }
        // Rounding may leave a small remainder.
        return probabilities.lastIndex { $0 > 0 } ?? 0
    }

    private static func mix(_ state: UInt64) -> UInt64 {
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
