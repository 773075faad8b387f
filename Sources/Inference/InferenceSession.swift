import Architectures
import BlockFormats
import Work

/// How to run a model.
public struct SessionOptions: Sendable {
    /// Most positions that the session can hold, in tokens.
    public var context: Int
    /// Precision of keys and values.
    public var cacheType: CacheType
    /// How many threads work; results are the same for any number.
    public var threads: Int
    /// Whether every text is read from its beginning in one call, of no more tokens than a batch has. Then no layer's keys and values
    /// outlive it, and the cache is a layer's instead of all layers'. Longer contexts are not concerned.
    public var readsWholeTexts: Bool
    /// nil takes the fastest that this processor runs, or what `EDGEPIPE_KERNELS` names.
    public var kernels: Kernels?

    /// Options; without more than a context, one thread and a cache in single precision.
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
    /// Index, among the tokens of the call, of the first row.
    public let first: Int
    /// How many rows there are.
    public let count: Int
    /// Logits of a row.
    public let vocabularySize: Int
    private let start: UnsafePointer<Float>

    init(first: Int, count: Int, vocabularySize: Int, start: UnsafePointer<Float>) {
        self.first = first
        self.count = count
        self.vocabularySize = vocabularySize
        self.start = start
    }

    /// The logits after the token with index `first + row`. Valid during the call that handed this value out.
    public subscript(row: Int) -> UnsafeBufferPointer<Float> {
        precondition(row >= 0 && row < count)
        return UnsafeBufferPointer(start: start + row * vocabularySize, count: vocabularySize)
    }
}

/// What a weight matrix is about to be multiplied with, for collectors of importance weights.
public struct Activations {
    /// The weight tensor's name.
    public let tensor: String
    /// Which of the tensor's matrices, where it is a stack of them: the expert.
    public let matrix: Int
    /// One for each token.
    public let rows: Int
    /// Numbers of a row: the matrix's input length.
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

    /// The activations of one token. Valid during the call that handed this value out.
    public subscript(row: Int) -> UnsafeBufferPointer<Float> {
        precondition(row >= 0 && row < rows)
        return UnsafeBufferPointer(start: start + row * stride, count: columns)
    }
}

/// A model at work on one sequence of tokens: its cache of keys and values, and scratch memory.
///
/// Synchronous; several threads work inside one call, but a session is used from one thread at a time. Memory beyond
/// the file is the cache plus scratch for one batch, whatever the size of the model.
public final class InferenceSession {
    /// The model that runs.
    public let model: LanguageModel
    /// How it runs.
    public let options: SessionOptions
    /// The kernels in use.
    public let kernels: Kernels
    /// Positions in the cache; the next token goes here.
    public internal(set) var position = 0
    /// Weights that take the place of a tensor's own, to see what they change.
    public var weightOverride: WeightOverride? {
        get { pass.weightOverride }
        set { pass.weightOverride = newValue }
    }
    /// Called with every weight matrix's input before they are multiplied.
    public var observer: ((Activations) -> Void)?
    private let state: SequenceState
    private let isShared: Bool
    let pass: ForwardPass

    /// Tokens that pass through the layers together, where later ones do not count.
    static let batchLimit = 512
    /// Most bytes of logits in memory at a time.
    private static let logitByteLimit = 64 << 20

    /// - Throws: `InferenceError` when there is no memory, `UnknownKernels` when the environment asks for such.
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

    /// Most tokens that pass through the layers together. Tokens that see those behind them have to be there at once.
    static func batch(of shape: ModelShape, context: Int) -> Int {
        shape.seesBothWays ? context : min(batchLimit, context)
    }

    /// Whether layers use the same places of the cache, one after the other.
    static func isShared(_ shape: ModelShape, _ options: SessionOptions) -> Bool {
        let context = max(1, options.context)
        return options.readsWholeTexts && context <= batch(of: shape, context: context)
    }

    /// How many of the rows that are wanted have their logits in memory at a time.
    static func logitRows(_ wanted: Int, vocabulary: Int) -> Int {
        min(wanted, max(1, logitByteLimit / (max(1, vocabulary) * MemoryLayout<Float>.stride)))
    }

    /// Bytes of all that is remembered of a sequence.
    package var stateByteCount: Int { state.byteCount }

    /// Forgets all tokens.
    public func reset() { position = 0 }

    /// Runs tokens through the model after those that came before.
    /// - Parameters:
    ///   - wanted: indices of the tokens whose logits are needed.
    ///   - isComplete: whether the last layer runs on all tokens, wanted or not, for the observer to see them.
    ///   - body: called with the logits of a few positions at a time, in order.
    /// - Throws: `InferenceError` for a token outside the vocabulary or too many tokens; whatever `body` throws.
    public func evaluate(
        _ tokens: [Int32],
        logitsFor wanted: Range<Int>,
        isComplete: Bool = false,
        _ body: (LogitRows) throws -> Void
    ) throws {
        try run(tokens, logitsFor: wanted, isComplete: isComplete, .tokens, body)
    }

    /// The same from an empty cache, keeping what every layer was given.
    public func evaluate(
        _ tokens: [Int32],
        logitsFor wanted: Range<Int>,
        keeping inputs: LayerInputs,
        _ body: (LogitRows) throws -> Void
    ) throws {
        reset()
        try run(tokens, logitsFor: wanted, isComplete: true, .keeping(inputs), body)
    }

    /// The same again with what was kept, from a layer on: the layers before it are not run.
    /// - Parameter layer: the count of layers means that nothing but the output is computed.
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

    /// Keeps what the first layer is given for tokens from an empty cache; no layer runs.
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
