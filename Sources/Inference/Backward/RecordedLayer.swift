import Architectures

/// The data that the layers of one window share in the backward pass.
struct GradientContext {
    let model: LanguageModel
    let tools: GradientTools
    let attention: AttentionGradient
    let keys: SharedKeys
    let tables: RotaryTables
    let embedding: RecordedLayerEmbedding?
    /// The input of each layer.
    let inputs: LayerInputs
    /// The number of tokens in the window.
    let count: Int

    /// Returns a layer's input: (T, S E), for S streams. Most models have one stream.
    func input(_ layer: Int) -> TokenRows { inputs.rows(layer: layer, count: count) }

    /// Returns the streams that a layer predicts before it works on the first; nil for a model with a single one.
    func prediction(_ layer: Int) throws -> RecordedPrediction? {
        guard let weights = model.layers[layer].streams, let streams = model.shape.streams else { return nil }
        return try RecordedPrediction(tools, weights, input(layer), count: streams.count)
    }
}

/// One layer, computed again from its input, part by part: state + mixer(norm(state)), and that + network(norm(that)),
/// with norms and scales around the parts if the family has them.
///
/// Letters: T tokens of the window, E embedding length.
struct RecordedLayer {
    private let context: GradientContext
    private let tools: GradientTools
    private let weights: LayerWeights
    private let index: Int
    private let state: TokenRows  // (T, E), the state that the layer works on
    private let mixed: TokenRows  // (T, E), the mixer's input
    private let mixer: (any RecordedPart)?
    private let mixerPart: TokenRows  // (T, E), the mixer's output before its norm
    private let between: TokenRows  // (T, E), the state after the mixer
    private let fed: TokenRows  // (T, E), the network's input
    private let network: Network?
    private let networkPart: TokenRows?  // (T, E), the network's output before its norm
    private let input: RecordedLayerInput?
    private let prediction: RecordedPrediction?
    private let detour: RecordedDetour?
    private let correction: RecordedCorrection?

    /// The output of a layer that works on streams: (T, S E); nil for other layers.
    var streams: TokenRows? { correction?.corrected }

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
        prediction = try context.prediction(index)
        state = prediction?.state ?? context.input(index)
        let (count, width) = (state.count, state.width)
        mixed = try tools.normalized(state, weights.mixerNorm)
        detour = try weights.streams.map { [mixed] in try RecordedDetour(tools, $0, mixed) }
        mixer = try Self.mixer(context, index, mixed)
        mixerPart = try tools.memory.rows(count, width)
        between = try tools.memory.rows(count, width)
        between.copy(state)
        try mixer?.give(into: mixerPart)
        if mixer != nil { try Self.add(mixerPart, weights.mixerPostNorm, to: between, context) }
        if let detour { try Self.join(detour, to: between, tools) }
        // A layer with only one norm, in front, feeds mixer and network from it.
        let isParallel = weights.networkNorm == nil && weights.mixerNorm != nil
        fed = isParallel ? mixed : try tools.normalized(between, weights.networkNorm)
        network = try Self.network(tools, weights, context.model.shape.layers[index], fed, state: between)
        // The network's output is needed only if something follows it.
        let isNeeded = weights.networkPostNorm != nil || weights.input != nil || weights.streams != nil
        networkPart = network != nil && isNeeded ? try tools.memory.rows(count, width) : nil
        if let networkPart { try network?.give(into: networkPart) }
        let embedding = context.embedding?.part(index)
        guard weights.streams != nil || weights.input != nil else {
            (input, correction) = (nil, nil)
            return
        }
        let after = try tools.memory.rows(count, width)
        after.copy(between)
        if let networkPart { try Self.add(networkPart, weights.networkPostNorm, to: after, context) }
        if let own = weights.streams, let predicted = prediction?.predicted {
            input = nil
            correction = try RecordedCorrection(
                tools,
                weights,
                own,
                state: after,
                predicted: predicted,
                embedding: embedding
            )
        } else {
            correction = nil
            input = try weights.input.flatMap { own in
                try embedding.map { try RecordedLayerInput(tools, own, after, $0.embedding) }
            }
        }
    }

    /// Writes the output of a layer that works on a single state: (T, E).
    func give(into out: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        out.copy(between)
        if let network {
            let part = try networkPart ?? tools.memory.rows(out.count, out.width)
            if networkPart == nil { try network.give(into: part) }
            try Self.add(part, weights.networkPostNorm, to: out, context)
        }
        if let input {
            let part = try tools.memory.rows(out.count, out.width)
            input.give(into: part)
            out.add(part)
        }
        out.multiply(by: weights.scale)
    }

    /// Passes the gradients of the layer's matrices to the observer, and replaces the gradient of the layer's output by
    /// that of its input.
    func flowBack(_ change: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        guard let prediction, let correction else {
            change.multiply(by: weights.scale)
            return try flowBack(state: change)
        }
        let own = try tools.memory.zeros(state.count, state.width)
        try correction.flowBack(change, to: own)
        try flowBack(state: own)
        change.columns(0..<state.width).add(own)
        try prediction.flowBack(change)
    }

    /// Runs the layer backward for the state that it works on.
    private func flowBack(state change: TokenRows) throws {
        let (count, width) = (state.count, state.width)
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
        if let detour {
            change.multiply(by: 1 / Float(2).squareRoot())
            try detour.flowBack(change, to: mixedChange)
        }
        if let mixer {
            let gradient = try gradient(change, through: weights.mixerPostNorm, at: mixerPart)
            try mixer.flowBack(gradient, to: mixedChange)
        }
        tools.flowBack(mixedChange, through: weights.mixerNorm, at: state, to: change)
    }

    /// Returns the gradient of a part's output from that of the state to which it is added.
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

    /// state = (state + detour) / sqrt(2)
    private static func join(_ detour: RecordedDetour, to state: TokenRows, _ tools: GradientTools) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let part = try tools.memory.rows(state.count, state.width)
        detour.give(into: part)
        state.add(part)
        state.multiply(by: 1 / Float(2).squareRoot())
    }

    private static func mixer(_ context: GradientContext, _ index: Int, _ x: TokenRows) throws -> (any RecordedPart)? {
        let tools = context.tools
        switch context.model.layers[index].mixer {
        case .attention(let weights, let shape): return try attention(context, index, weights, shape, x)
        case .shortConvolution(let weights, let shape):
            return try RecordedShortConvolution(tools, weights, shape, x)
        case .gatedDelta(let weights, let shape): return try RecordedGatedDelta(tools, weights, shape, x)
        case .stateSpace(let weights, let shape): return try RecordedStateSpace(tools, weights, shape, x)
        case .attentionAndStateSpace(let weights, let shape, let spaceWeights, let spaceShape):
            return RecordedPair(
                tools: tools,
                first: try attention(context, index, weights, shape, x),
                second: try RecordedStateSpace(tools, spaceWeights, spaceShape, x)
            )
        case .absent: return nil
        }
    }

    private static func attention(
        _ context: GradientContext,
        _ index: Int,
        _ weights: AttentionWeights,
        _ shape: AttentionShape,
        _ x: TokenRows
    ) throws -> RecordedAttention {
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
            later: { [keys = context.keys] in keys.take(index) }
        )
    }

    /// Returns keys and values of a layer before that layer is processed.
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
            try context.tools.normalized(
                try context.prediction(index)?.state ?? context.input(index),
                weights.mixerNorm
            ),
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
