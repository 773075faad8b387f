import Architectures

/// What the layers of one window share on the way back.
struct GradientContext {
    let model: LanguageModel
    let tools: GradientTools
    let attention: AttentionGradient
    let keys: SharedKeys
    let tables: RotaryTables
    let embedding: RecordedLayerEmbedding?
    /// What each layer was given.
    let inputs: LayerInputs
    /// Tokens of the window.
    let count: Int

    /// What a layer was given: (T, S E).
    func input(_ layer: Int) -> TokenRows { inputs.rows(layer: layer, count: count) }
}

/// One layer, computed again from what it was given, part by part:
/// state + mixer(norm(state)), and that + network(norm(that)), with norms and scales around the parts where the family has them.
///
/// Letters: T tokens of the window, E embedding length.
struct RecordedLayer {
    private let context: GradientContext
    private let tools: GradientTools
    private let weights: LayerWeights
    private let index: Int
    private let state: TokenRows  // (T, E), what the layer works on
    private let mixed: TokenRows  // (T, E), what the mixer reads
    private let mixer: (any RecordedPart)?
    private let mixerPart: TokenRows  // (T, E), what the mixer gives before its norm
    private let between: TokenRows  // (T, E), the state after the mixer
    private let fed: TokenRows  // (T, E), what the network reads
    private let network: Network?
    private let networkPart: TokenRows?  // (T, E), what the network gives before its norm
    private let after: TokenRows?  // (T, E), the state after the network
    private let input: RecordedLayerInput?

    private enum Network {
        case one(any RecordedPart)
        case both(RecordedBoth)

        func give(into out: TokenRows) throws {
            switch self {
            case .one(let part): try part.give(into: out)
            case .both(let part): try part.give(into: out)
            }
        }
    }

    init(_ context: GradientContext, _ index: Int) throws {
        let (tools, weights) = (context.tools, context.model.layers[index])
        (self.context, self.tools, self.weights, self.index) = (context, tools, weights, index)
        state = context.input(index)
        let (count, width) = (state.count, state.width)
        mixed = try tools.normalized(state, weights.mixerNorm)
        mixer = try Self.mixer(context, index, mixed)
        mixerPart = try tools.memory.rows(count, width)
        between = try tools.memory.rows(count, width)
        between.copy(state)
        try mixer?.give(into: mixerPart)
        if mixer != nil { try Self.add(mixerPart, weights.mixerPostNorm, to: between, context) }
        // A layer with a single norm in front feeds mixer and network from it.
        let isParallel = weights.networkNorm == nil && weights.mixerNorm != nil
        fed = isParallel ? mixed : try tools.normalized(between, weights.networkNorm)
        network = try Self.network(tools, weights, context.model.shape.layers[index], fed, state: between)
        // What the network gives is of use where something follows it.
        let isNeeded = weights.networkPostNorm != nil || weights.input != nil
        networkPart = network != nil && isNeeded ? try tools.memory.rows(count, width) : nil
        if let networkPart { try network?.give(into: networkPart) }
        guard let own = weights.input, let embedding = context.embedding else {
            (after, input) = (nil, nil)
            return
        }
        let after = try tools.memory.rows(count, width)
        after.copy(between)
        if let networkPart { try Self.add(networkPart, weights.networkPostNorm, to: after, context) }
        self.after = after
        input = try RecordedLayerInput(tools, own, after, embedding.part(index).embedding)
    }

    /// Shows the gradients of the layer's matrices, and makes of the gradient in what the layer gives that in what it was given.
    func flowBack(_ change: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let (count, width) = (state.count, state.width)
        change.multiply(by: weights.scale)
        if let input, let embedding = context.embedding {
            let gradient = try tools.memory.rows(count, width)
            gradient.copy(change)
            try input.flowBack(gradient, to: change, embedding: embedding.part(index).change)
        }
        let mixedChange = try tools.memory.zeros(count, width)
        if let network {
            let isParallel = weights.networkNorm == nil && weights.mixerNorm != nil
            let fedChange = isParallel ? mixedChange : try tools.memory.zeros(count, width)
            let gradient = try gradient(change, through: weights.networkPostNorm, at: networkPart)
            switch network {
            case .one(let part): try part.flowBack(gradient, to: fedChange)
            case .both(let part): try part.flowBack(gradient, to: fedChange, state: change)
            }
            if !isParallel { tools.flowBack(fedChange, through: weights.networkNorm, at: between, to: change) }
        }
        if let mixer {
            let gradient = try gradient(change, through: weights.mixerPostNorm, at: mixerPart)
            try mixer.flowBack(gradient, to: mixedChange)
        }
        tools.flowBack(mixedChange, through: weights.mixerNorm, at: state, to: change)
    }

    /// The gradient in what a part gives, of that in the state that it is added to.
    private func gradient(_ change: TokenRows, through norm: NormWeights?, at part: TokenRows?) throws -> TokenRows {
        let gradient = try tools.memory.rows(change.count, change.width)
        gradient.copy(change)
        gradient.multiply(by: context.model.arithmetic.residualScale)
        if let norm, let part { tools.replace(gradient, through: norm, at: part) }
        return gradient
    }

    private static func add(
        _ part: TokenRows,
        _ norm: NormWeights?,
        to state: TokenRows,
        _ context: GradientContext
    ) throws {
        let mark = context.tools.memory.mark
        defer { context.tools.memory.release(to: mark) }
        state.add(try context.tools.normalized(part, norm), times: context.model.arithmetic.residualScale)
    }

    private static func mixer(_ context: GradientContext, _ index: Int, _ x: TokenRows) throws -> (any RecordedPart)? {
        switch context.model.layers[index].mixer {
        case .attention(let weights, let shape):
            let source = try shape.source.map { source in
                try context.keys.entry(of: source) { try keys(context, source) }
            }
            return try RecordedAttention(
                context.tools,
                context.attention,
                weights,
                shape,
                x,
                context.tables[shape.positions],
                context.model.arithmetic.temperature,
                source: source,
                later: context.keys.take(index)
            )
        case .absent: return nil
        case .shortConvolution, .gatedDelta, .stateSpace, .attentionAndStateSpace:
            throw InferenceProblem.noGradients(layer: index, part: context.model.shape.layers[index].mixer.name)
        }
    }

    /// Keys and values of a layer before its own turn comes.
    private static func keys(_ context: GradientContext, _ index: Int) throws -> AttentionGradient.Parts {
        let weights = context.model.layers[index]
        guard case .attention(let own, let shape) = weights.mixer else {
            preconditionFailure("a layer whose keys are read attends")
        }
        return try RecordedAttention(
            context.tools,
            context.attention,
            own,
            shape,
            try context.tools.normalized(context.input(index), weights.mixerNorm),
            context.tables[shape.positions],
            context.model.arithmetic.temperature
        ).parts
    }

    private static func network(
        _ tools: GradientTools,
        _ weights: LayerWeights,
        _ shape: LayerShape,
        _ x: TokenRows,
        state: TokenRows
    ) throws -> Network? {
        switch (weights.network, shape.network) {
        case (.dense(let own), _): .one(try RecordedDense(tools, own, x))
        case (.experts(let own), .experts(let shape)): .one(try RecordedExperts(tools, own, shape, x))
        case (.both(let own), .both(_, let shape)): .both(try RecordedBoth(tools, own, shape, x, state: state))
        default: nil
        }
    }
}
