import Architectures
import BlockFormats
import Work

/// Options for running a model.
public struct SessionOptions: Sendable {
    /// The largest number of positions in the session, in tokens.
    public var context: Int
    /// The precision of keys and values.
    public var cacheType: CacheType
    /// The number of threads; results are the same for any number.
    public var threads: Int
    /// Whether every text is read from its beginning in one call, of no more tokens than a batch has. Then no layer's
    /// keys and values outlive that layer, and the cache has the size of one layer instead of all. Longer contexts are
    /// unaffected.
    public var readsWholeTexts: Bool
    /// The kernels; nil for the fastest that this processor supports, or those named by `EDGEPIPE_KERNELS`.
    public var kernels: Kernels?

    /// Creates options; by default one thread and a cache in single precision.
    public init(
        context: Int,
        cacheType: CacheType = .f32,
        threads: Int = 1,
        readsWholeTexts: Bool = false,
        kernels: Kernels? = nil
    ) {
        self.context = context
        self.cacheType = cacheType
        self.threads = threads
        self.readsWholeTexts = readsWholeTexts
        self.kernels = kernels
    }
}

/// Logits of consecutive positions.
public struct LogitRows {
    /// The index of the first row, among the tokens of the call.
    public let first: Int
    /// The number of rows.
    public let count: Int
    /// The number of logits in a row.
    public let vocabularySize: Int
    private let start: UnsafePointer<Float>

    init(first: Int, count: Int, vocabularySize: Int, start: UnsafePointer<Float>) {
        self.first = first
        self.count = count
        self.vocabularySize = vocabularySize
        self.start = start
    }

    /// Returns the logits after the token with index `first + row`. Valid only during the call that passed this value.
    public subscript(row: Int) -> UnsafeBufferPointer<Float> {
        precondition(row >= 0 && row < count)
        return UnsafeBufferPointer(start: start + row * vocabularySize, count: vocabularySize)
    }
}

/// The input of a weight matrix before the multiplication, for collectors of importance weights.
public struct Activations {
    /// The weight tensor's name.
    public let tensor: String
    /// The index of the matrix in a tensor that is a stack of them: the expert.
    public let matrix: Int
    /// The number of rows, one for each token.
    public let rows: Int
    /// The length of a row: the matrix's input length.
    public let columns: Int
    private let start: UnsafePointer<Float>
    private let stride: Int

    init(_ matrix: WeightMatrix, rows: Int, _ x: Rows<UnsafePointer<Float>>) {
        tensor = matrix.name
        self.matrix = matrix.index
        self.rows = rows
        columns = matrix.columns
        start = x.start
        stride = x.stride
    }

    /// Returns the activations of one token. Valid only during the call that passed this value.
    public subscript(row: Int) -> UnsafeBufferPointer<Float> {
        precondition(row >= 0 && row < rows)
        return UnsafeBufferPointer(start: start + row * stride, count: columns)
    }
}

/// Runs a model on one sequence of tokens: contains its cache of keys and values, and scratch memory.
///
/// Synchronous; several threads work inside one call, but a session is used from one thread at a time. Memory beyond
/// the file is the cache plus scratch for one batch, whatever the size of the model.
public final class InferenceSession {
    /// The model.
    public let model: LanguageModel
    /// The options.
    public let options: SessionOptions
    /// The kernels in use.
    public let kernels: Kernels
    /// The number of positions in the cache, which is the position of the next token.
    public internal(set) var position = 0
    /// Weights that replace those of one tensor, to measure their effect.
    public var weightOverride: WeightOverride? {
        get { pass.weightOverride }
        set { pass.weightOverride = newValue }
    }
    /// Called with every weight matrix's input before the multiplication.
    public var observer: ((Activations) -> Void)?
    private let state: SequenceState
    private let isShared: Bool
    let pass: ForwardPass

    /// The largest number of tokens that pass through the layers together, if they do not attend to later ones.
    static let batchLimit = 512
    /// The most bytes of logits in memory at a time.
    private static let logitByteLimit = 64 << 20

    /// - Throws: `InferenceError` if there is not enough memory; `UnknownKernels` if the environment names unknown
    ///   ones.
    public init(_ model: LanguageModel, _ options: SessionOptions) throws {
        self.model = model
        self.options = options
        do {
            let context = max(1, options.context)
            kernels = try options.kernels ?? Kernels.selected()
            let batch = Self.batch(of: model.shape, context: context)
            isShared = Self.isShared(model.shape, options)
            state = try SequenceState(model.shape, capacity: context, type: options.cacheType, isShared: isShared)
            pass = try ForwardPass(
                model: model,
                state: state,
                kernels: kernels,
                workers: Workers(count: options.threads, keepingThreads: true),
                batch: batch
            )
        } catch let problem as InferenceProblem {
            throw InferenceError(path: model.path, problem: problem)
        }
    }

    /// Returns the largest number of tokens that pass through the layers together. Tokens that attend to later ones
    /// must all be in one batch.
    static func batch(of shape: ModelShape, context: Int) -> Int {
        shape.seesBothWays ? context : min(batchLimit, context)
    }

    /// Whether layers use the same memory of the cache, one after the other.
    static func isShared(_ shape: ModelShape, _ options: SessionOptions) -> Bool {
        let context = max(1, options.context)
        return options.readsWholeTexts && context <= batch(of: shape, context: context)
    }

    /// Returns how many of the wanted rows have their logits in memory at a time.
    static func logitRows(_ wanted: Int, vocabulary: Int) -> Int {
        min(wanted, max(1, logitByteLimit / (max(1, vocabulary) * MemoryLayout<Float>.stride)))
    }

    /// The size of the sequence's state, in bytes.
    package var stateByteCount: Int { state.byteCount }

    /// Removes all tokens.
    public func reset() { position = 0 }

    /// Runs tokens through the model after the previous ones.
    /// - Parameters:
    ///   - wanted: indices of the tokens whose logits are needed.
    ///   - isComplete: whether the last layer runs on all tokens, wanted or not, so that the observer receives them.
    ///   - body: called with the logits of a few positions at a time, in order.
    /// - Throws: `InferenceError` for a token outside the vocabulary or too many tokens; any error of `body`.
    public func evaluate(
        _ tokens: [Int32],
        logitsFor wanted: Range<Int>,
        isComplete: Bool = false,
        _ body: (LogitRows) throws -> Void
    ) throws {
        try run(tokens, logitsFor: wanted, isComplete: isComplete, .tokens, body)
    }

    /// Runs tokens through the model from an empty cache, and keeps the input of every layer.
    public func evaluate(
        _ tokens: [Int32],
        logitsFor wanted: Range<Int>,
        keeping inputs: LayerInputs,
        _ body: (LogitRows) throws -> Void
    ) throws {
        reset()
        try run(tokens, logitsFor: wanted, isComplete: true, .keeping(inputs), body)
    }

    /// Runs tokens from a layer on, with kept inputs; the layers before it are not run.
    /// - Parameter layer: the first layer to run; the number of layers means that only the output is computed.
    public func evaluate(
        _ tokens: [Int32],
        logitsFor wanted: Range<Int>,
        from layer: Int,
        of inputs: LayerInputs,
        _ body: (LogitRows) throws -> Void
    ) throws {
        reset()
        try run(tokens, logitsFor: wanted, isComplete: false, .kept(inputs, from: layer), body)
    }

    /// Keeps the first layer's input for tokens from an empty cache; runs no layer.
    func embed(_ tokens: [Int32], into inputs: LayerInputs) throws {
        reset()
        try check(tokens, 0..<0)
        for start in stride(from: 0, to: tokens.count, by: pass.batch) {
            let batch = start..<min(start + pass.batch, tokens.count)
            pass.embed(Array(tokens[batch]), at: start, keeping: inputs)
        }
    }

    private func run(
        _ tokens: [Int32],
        logitsFor wanted: Range<Int>,
        isComplete: Bool,
        _ inputs: PassInputs,
        _ body: (LogitRows) throws -> Void
    ) throws {
        guard !model.shape.seesBothWays else { throw InferenceError(path: model.path, problem: .embedsAlone) }
        try check(tokens, wanted)
        for start in stride(from: 0, to: tokens.count, by: pass.batch) {
            let batch = start..<min(start + pass.batch, tokens.count)
            let needed = wanted.clamped(to: batch)
            let rows = needed.isEmpty ? 0..<0 : (needed.lowerBound - start)..<(needed.upperBound - start)
            let kept = isComplete ? 0..<batch.count : rows
            pass.run(Array(tokens[batch]), at: position, needed: kept, inputs: inputs, observer: observer)
            position += batch.count
            let size = model.vocabularySize
            let slab = max(1, Self.logitRows(rows.count, vocabulary: size))
            for first in stride(from: 0, to: rows.count, by: slab) {
                let count = min(slab, rows.count - first)
                let place = rows.lowerBound - kept.lowerBound + first
                let logits = try logits(rows: place..<(place + count))
                let index = needed.lowerBound + first
                try body(LogitRows(first: index, count: count, vocabularySize: size, start: logits))
            }
        }
    }

    private func logits(rows: Range<Int>) throws -> UnsafePointer<Float> {
        do {
            return try pass.logits(rows: rows, observer: observer)
        } catch {
            throw InferenceError(path: model.path, problem: error)
        }
    }

    func check(_ tokens: [Int32], _ wanted: Range<Int>) throws {
        precondition(wanted.lowerBound >= 0 && wanted.upperBound <= tokens.count, "logits of tokens that are not there")
        precondition(!isShared || position == 0, "a text in parts, where whole ones were announced")
        let size = model.vocabularySize
        if let bad = tokens.first(where: { $0 < 0 || Int($0) >= size }) {
            throw InferenceError(path: model.path, problem: .tokenOutOfRange(id: bad, count: size))
        }
        let needed = position + tokens.count
        if let learned = model.arithmetic.learnedPositions, needed > learned {
            throw InferenceError(path: model.path, problem: .positionsUsedUp(needed: needed, count: learned))
        }
        guard needed <= state.capacity else {
            throw InferenceError(path: model.path, problem: .contextFull(needed: needed, capacity: state.capacity))
        }
    }
}
