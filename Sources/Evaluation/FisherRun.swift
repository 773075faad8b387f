import BlockFormats
import GGUF
import Inference
import Tensors

/// How Fisher factors are collected.
public struct FisherOptions: Sendable {
    /// Tokens of a window.
    public var context: Int
    /// At most this many windows; nil for the whole text.
    public var chunks: Int?
    /// How many threads work; the factors are the same for any number.
    public var threads: Int
    /// Labels are drawn by it, a place in the text and nothing else.
    public var seed: UInt64
    /// nil takes the fastest kernels that this processor runs, or what `EDGEPIPE_KERNELS` names.
    public var kernels: Kernels?

    /// Options; without more than these, windows of 512 tokens, one thread, and a seed of 0.
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

/// How far a collection of Fisher factors has come.
public struct FisherProgress: Sendable {
    /// Windows read, those of an earlier run too.
    public let chunk: Int
    /// Windows to read.
    public let chunkCount: Int
}

/// Collects Fisher factors of every weight matrix over all positions of windows that follow each other, each from an
/// empty cache: one pass forward and one back for each, with labels drawn from the model's own predictions.
public struct FisherRun {
    /// The model whose factors are collected.
    public let model: LanguageModel
    /// How they are.
    public let options: FisherOptions

    /// Nothing is read yet.
    public init(_ model: LanguageModel, _ options: FisherOptions = FisherOptions()) {
        (self.model, self.options) = (model, options)
    }

    /// - Parameters:
    ///   - text: UTF-8; one newline at its end does not count.
    ///   - earlier: what a run over the same text had collected when it was cut; this one goes on after its windows,
    ///     and gives
    ///     what one run gives.
    ///   - progress: called after each window; what it throws ends the run. Its second argument gives what was
    ///     collected so far.
    /// - Throws: `EvaluationError` for a text that is too short, factors of another model or run, or gradients that are
    ///   no numbers; `InferenceError` for a model without a backward pass.
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

    /// What the run begins with.
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
    /// Refuses factors of another model.
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

/// A token drawn by its probability, for one place in a text: the same whatever was drawn before.
///
/// Source of the mixing: Steele et al., "Fast Splittable Pseudorandom Number Generators", 2014.
struct LabelDraw {
    /// From 0 up to 1.
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
        // Roundings may leave a little.
        return probabilities.lastIndex { $0 > 0 } ?? 0
    }

    private static func mix(_ state: UInt64) -> UInt64 {
        var mixed = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
