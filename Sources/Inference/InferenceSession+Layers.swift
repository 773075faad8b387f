import Architectures

extension InferenceSession {
    /// Whether a text can be run through the layers one at a time: no layer reads the keys and values of another.
    public static func canRunLayers(of model: LanguageModel) -> Bool {
        model.shape.attentions.allSatisfy { $0.source == nil }
    }

    /// Computes the states of a window before the first layer.
    /// - Throws: `InferenceError` for a window of more tokens than a batch has, or a token outside the vocabulary.
    public func begin(_ window: Int, of states: LayerStates) throws {
        let tokens = try check(window, of: states)
        pass.begin(tokens, into: states[window])
    }

    /// Runs a window's states through one layer; the observer receives the inputs of its matrices.
    /// - Throws: `InferenceError` as `begin` does.
    public func run(layer: Int, _ window: Int, of states: LayerStates) throws {
        let tokens = try check(window, of: states)
        pass.run(tokens, layer: layer, states[window], observer)
    }

    /// Passes the output matrix's input after the last layer to the observer, without the multiplication.
    /// - Throws: `InferenceError` as `begin` does.
    public func observeOutput(_ window: Int, of states: LayerStates) throws {
        let tokens = try check(window, of: states)
        guard let observer else { return }
        pass.finish(tokens, states[window], observer)
    }

    private func check(_ window: Int, of states: LayerStates) throws -> [Int32] {
        let tokens = states.windows[window]
        reset()
        guard !model.shape.seesBothWays else { throw InferenceError(path: model.path, problem: .embedsAlone) }
        precondition(Self.canRunLayers(of: model), "layers that read each other's keys and values")
        try check(tokens, 0..<0)
        guard tokens.count <= pass.batch else {
            throw InferenceError(
                path: model.path,
                problem: .contextFull(needed: tokens.count, capacity: pass.batch)
            )
        }
        return tokens
    }
}

extension ForwardPass {
    /// Computes the first layer's input for a text.
    func begin(_ tokens: [Int32], into states: UnsafeMutableBufferPointer<Float>) {
        embed(tokens, at: 0, nil)
        streams?.spread(UnsafePointer(hidden.start), tokens.count, nil)
        keep(states)
    }

    /// Runs one layer for a whole text.
    func run(
        _ tokens: [Int32],
        layer: Int,
        _ states: UnsafeMutableBufferPointer<Float>,
        _ observer: ((Activations) -> Void)?
    ) {
        // Embeddings for layers are computed again, because they are larger than the states.
        if embedding.isUsed { embed(tokens, at: 0, nil) }
        restore(states)
        let positions = 0..<tokens.count
        run(model.layers[layer], layer, positions, rotaryTables(positions), keeping: positions, observer)
        keep(states)
    }

    /// Computes the output matrix's input for a text.
    func finish(
        _ tokens: [Int32],
        _ states: UnsafeMutableBufferPointer<Float>,
        _ observer: (Activations) -> Void
    ) {
        restore(states)
        streams?.merge(0..<tokens.count, into: hidden.start, nil)
        observer(Activations(model.output.matrix, rows: tokens.count, normalize(0..<tokens.count, model.outputNorm)))
    }

    private func keep(_ states: UnsafeMutableBufferPointer<Float>) {
        states.baseAddress?.update(from: between, count: states.count)
    }

    private func restore(_ states: UnsafeMutableBufferPointer<Float>) {
        guard let source = states.baseAddress else { return }
        between.update(from: source, count: states.count)
    }
}
