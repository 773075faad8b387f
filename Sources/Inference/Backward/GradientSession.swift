import Architectures
import BlockFormats
import Work

/// Computes gradients of a loss with respect to every weight matrix's output, for windows of text, each from an empty
/// cache.
///
/// A window runs forward as in any session, and the input of every layer is kept. Then the layers are computed again
/// from the last to the first, each with the numbers that its gradients need. So memory is one layer's numbers and the
/// inputs of all.
///
/// The loss is the sum over tokens of -log p of a label, which the caller chooses from the probabilities. Gradients of
/// weights are not formed: observers receive, for each matrix, its inputs and the gradients of its outputs.
///
/// Synchronous; several threads work inside one call, and results are the same for any number of them.
public final class GradientSession {
    /// The model.
    public let model: LanguageModel
    /// The kernels in use.
    public let kernels: Kernels
    /// The largest number of tokens in a window.
    public let tokenCount: Int
    private let session: InferenceSession
    private let inputs: LayerInputs
    private let tools: GradientTools
    private let attention: AttentionGradient
    private let output: OutputGradient
    private let keys = SharedKeys()
    /// Whether the forward pass keeps the numbers that the gradients of all layers need.
    private let keepsLayers: Bool

    /// - Parameters:
    ///   - tokenCount: the largest number of tokens in a window.
    ///   - kernels: nil for the fastest that this processor supports, or those named by `EDGEPIPE_KERNELS`.
    /// - Throws: `InferenceError` for a model with a part that has no backward pass, and if there is not enough memory;
    ///   `UnknownKernels`.
    public convenience init(
        _ model: LanguageModel,
        tokenCount: Int,
        threads: Int = 1,
        kernels: Kernels? = nil
    ) throws {
        let keepsLayers = KeptLayers.count(model.shape, tokens: tokenCount).map { $0 <= KeptLayers.most } ?? false
        try self.init(model, tokenCount: tokenCount, threads: threads, kernels: kernels, keepsLayers: keepsLayers)
    }

    /// - Parameter keepsLayers: whether layers keep the numbers that their gradients need; otherwise they are computed
    ///   again.
    package init(
        _ model: LanguageModel,
        tokenCount: Int,
        threads: Int,
        kernels: Kernels? = nil,
        keepsLayers: Bool
    ) throws {
        self.model = model
        self.keepsLayers = keepsLayers && model.shape.streams == nil
        self.tokenCount = max(1, tokenCount)
        if let obstacle = model.gradientObstacle { throw InferenceError(path: model.path, problem: obstacle) }
        self.kernels = try kernels ?? Kernels.selected()
        let options = SessionOptions(
            context: self.tokenCount,
            threads: threads,
            readsWholeTexts: true,
            kernels: self.kernels
        )
        session = try InferenceSession(model, options)
        inputs = try LayerInputs(of: model, tokenCount: self.tokenCount)
        do {
            let (count, workers) = (self.tokenCount, Workers(count: threads, keepingThreads: true))
            tools = try GradientTools(model, kernels: self.kernels, workers: workers, tokens: count)
            attention = try AttentionGradient(model, kernels: self.kernels, workers: workers, tokens: count)
            output = OutputGradient(model, tools)
        } catch {
            throw InferenceError(path: model.path, problem: error)
        }
    }

    /// Runs a window forward and backward.
    /// - Parameters:
    ///   - label: chooses the label of a position from the probabilities of all tokens. Called on several threads.
    ///   - observer: called with each matrix's gradients, from the output matrix to the first layer's.
    /// - Throws: `InferenceError` for a token outside the vocabulary, too many tokens, or output that is not a number.
    public func run(
        _ tokens: [Int32],
        label: @Sendable (_ position: Int, _ probabilities: UnsafeBufferPointer<Float>) -> Int,
        observer: (MatrixGradients) -> Void
    ) throws {
        do {
            try withoutActuallyEscaping(observer) { body in
                tools.observer.body = body
                defer { tools.observer.body = nil }
                try flow(tokens, label)
            }
        } catch let problem as InferenceProblem {
            throw InferenceError(path: model.path, problem: problem)
        }
    }

    private func flow(_ tokens: [Int32], _ label: @Sendable (Int, UnsafeBufferPointer<Float>) -> Int) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        keys.reset()
        let width = model.shape.embeddingLength
        let last = try tools.memory.zeros(tokens.count, width)
        if keepsLayers { try session.embed(tokens, into: inputs) } else { try score(tokens, label, to: last) }
        let embedding = try model.layerEmbedding.map {
            try RecordedLayerEmbedding(tools, $0, tokens, inputs.rows(layer: 0, count: tokens.count).columns(0..<width))
        }
        let context = GradientContext(
            model: model,
            tools: tools,
            attention: attention,
            keys: keys,
            tables: RotaryTables(
                model.arithmetic,
                factors: model.rotaryFactors(capacity: tokenCount),
                positions: tokens.indices
            ),
            embedding: embedding,
            inputs: inputs,
            count: tokens.count
        )
        if keepsLayers {
            let marked = try model.layers.indices.map { index in
                let mark = tools.memory.mark
                let layer = try RecordedLayer(context, index)
                try layer.give(into: inputs.rows(layer: index + 1, count: tokens.count))
                return (layer, mark)
            }
            try score(tokens, label, to: last)
            for (layer, mark) in marked.reversed() {
                try layer.flowBack(last)
                tools.memory.release(to: mark)
            }
        } else {
            try flowAgain(context, last)
        }
        embedding?.finish()
    }

    /// Computes the output of a window, from kept layer inputs or from the beginning, and the gradients of the last
    /// states.
    private func score(
        _ tokens: [Int32],
        _ label: @Sendable (Int, UnsafeBufferPointer<Float>) -> Int,
        to change: TokenRows
    ) throws {
        let count = model.layers.count
        let states = inputs.rows(layer: count, count: tokens.count)
        let body: (LogitRows) throws -> Void = { [output] in try output.flowBack($0, states, label, to: change) }
        if keepsLayers {
            try session.evaluate(tokens, logitsFor: tokens.indices, from: count, of: inputs, body)
        } else {
            try session.evaluate(tokens, logitsFor: tokens.indices, keeping: inputs, body)
        }
    }

    /// Computes layers again from the last to the first, and runs each backward.
    private func flowAgain(_ context: GradientContext, _ last: TokenRows) throws {
        let width = model.shape.embeddingLength
        let ends = model.streamEnds.map { StreamEnds(tools: tools, weights: $0, width: width) }
        let change = ends == nil ? last : try tools.memory.zeros(context.count, model.shape.stateWidth)
        for index in model.layers.indices.reversed() {
            let mark = tools.memory.mark
            defer { tools.memory.release(to: mark) }
            let layer = try RecordedLayer(context, index)
            if index == model.layers.count - 1, let streams = layer.streams {
                try ends?.flowBackMerge(streams, last, to: change)
            }
            try layer.flowBack(change)
        }
        try ends?.flowBackSpread(context.input(0), change)
    }
}
