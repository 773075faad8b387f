import Architectures
import Synchronization
import Tensors

/// The part of a model's profile that its graph depends on: shapes, not how weights are stored.
struct GraphShape: Hashable, Sendable {
    let architecture: String
    let layers: [ModelProfile.LayerGroup]
    let embeddingLength: Int
    let vocabularySize: Int
    let feedForwardLength: Int
    let headCount: Int
    let experts: ModelProfile.Experts?
    let graph: ModelProfile.Graph

    init(_ profile: ModelProfile) {
        (architecture, layers, experts) = (profile.architecture, profile.layers, profile.experts)
        (embeddingLength, vocabularySize) = (profile.embeddingLength, profile.vocabularySize)
        (feedForwardLength, headCount) = (profile.feedForwardLength, profile.headCount)
        graph = profile.graph ?? .assumed(of: profile)
    }
}

/// Builds the graph that llama.cpp builds to read a prompt, from a model's shapes: what is computed for a batch, and in
/// which order.
///
/// [LC `llama-graph.cpp`, `models/*.cpp`] With flash attention, one sequence, and an output for every token of the
/// batch, because memory is reserved for that case.
struct DecoderGraph {
    var graph = ComputeGraph()
    let profile: GraphShape
    let shape: ModelProfile.Graph
    private let sumOrder: SumOrder
    private let picksRowsLast: Bool
    private let streams: StreamShape?
    private let sparseLayerCount: Int
    private let picksRowsBeforeNorm: Bool
    let biasesExperts: Bool
    let normalizesValues: Bool
    let gatesAttention: Bool
    let keepsKeys: Bool
    let tokens: Int
    let width: Int

    let positions: ComputeGraph.Tensor
    /// The factors of queries by position, if the model has them.
    let growth: ComputeGraph.Tensor?
    let rows: ComputeGraph.Tensor
    /// The embeddings with the additional rows beside them.
    private var seen: ComputeGraph.Tensor?
    /// The indices of the sequences whose state a convolution continues.
    let copies: ComputeGraph.Tensor
    let full: Attention?
    let windowed: Attention?

    /// The inputs shared by all layers with the same window.
    struct Attention {
        let keyPlaces: ComputeGraph.Tensor
        let valuePlaces: ComputeGraph.Tensor
        let mask: ComputeGraph.Tensor
        /// The matrix that multiplies heads before they are stored; nil if they are stored unchanged.
        let keyRotation: ComputeGraph.Tensor?
        let valueRotation: ComputeGraph.Tensor?
    }

    /// The number of alike layers that are kept at either end; more change nothing, because places repeat from layer to
    /// layer.
    private static let layersAtEitherEnd = 3

    /// Returns the bytes of the compute buffer.
    /// - Parameters:
    ///   - batch: the number of tokens computed at once.
    ///   - cells: the number of tokens in the cache, in layers with full attention and in those with a window.
    ///   - kvType: the type of the cache's elements.
    static func bytes(
        _ profile: ModelProfile,
        batch: Int,
        cells: (full: Int?, windowed: Int?),
        kvType: TensorType
    ) -> Int {
        let question = Question(
            shape: GraphShape(profile),
            batch: batch,
            fullCells: cells.full,
            windowedCells: cells.windowed,
            kvType: kvType
        )
        if let known = answers.withLock({ $0[question] }) { return known }
        let bytes = GraphAllocator.peak(DecoderGraph(question.shape, batch: batch, cells: cells, kvType).graph)
        answers.withLock { answers in
            if answers.count >= mostAnswers { answers.removeAll(keepingCapacity: true) }
            answers[question] = bytes
        }
        return bytes
    }

    /// A cache key: builds of all types of a model have the same graph, so a registry asks for few graphs, and asks
    /// often.
    private struct Question: Hashable {
        let shape: GraphShape
        let batch: Int
        let fullCells: Int?
        let windowedCells: Int?
        let kvType: TensorType
    }

    private static let mostAnswers = 4096
    private static let answers = Mutex<[Question: Int]>([:])

    private init(_ profile: GraphShape, batch: Int, cells: (full: Int?, windowed: Int?), _ kvType: TensorType) {
        self.profile = profile
        shape = profile.graph
        let architecture = Architecture(named: profile.architecture)
        sumOrder = architecture.sumOrder
        picksRowsLast = architecture.picksRowsLast
        streams = architecture.streams
        sparseLayerCount = architecture.sparseLayerCount
        picksRowsBeforeNorm = architecture.picksRowsBeforeNorm
        biasesExperts = architecture.biasesExperts
        normalizesValues = architecture.normalizesValues
        gatesAttention = architecture.gatesAttention
        keepsKeys = architecture.keepsKeys
        tokens = batch
        width = profile.embeddingLength
        var graph = ComputeGraph()
        func attention(_ cells: Int, isWindowed: Bool) -> Attention {
            let layers = profile.layers.filter {
                $0.kvHeads > 0 && $0.readsOther != true && ($0.slidingWindow != nil) == isWindowed
            }
            let sides = Rotations(architecture.keepsKeys ? layers : [], of: profile, kvType: kvType)
            return Attention(
                keyPlaces: graph.input(batch, elementBytes: 8),
                valuePlaces: graph.input(batch, elementBytes: 8),
                mask: graph.input(cells, batch, elementBytes: 2),
                keyRotation: sides.keys.map { graph.input($0, $0) },
                valueRotation: sides.values.map { graph.input($0, $0) }
            )
        }
        let identifiers = graph.input(batch)
        // Embeddings may also be passed in; their memory is reserved either way.
        let embeddings = graph.input(width * (shape.inputRowCount ?? 1), batch)
        positions = graph.input(batch * (shape.positionCount ?? 1))
        growth = shape.growsQueries == true ? graph.input(batch) : nil
        full = cells.full.map { attention($0, isWindowed: false) }
        windowed = cells.windowed.map { attention($0, isWindowed: true) }
        rows = graph.input(batch)
        copies = graph.input(1)
        self.graph = graph
        build(identifiers, embeddings)
    }

    private mutating func build(_ identifiers: ComputeGraph.Tensor, _ embeddings: ComputeGraph.Tensor) {
        var state = graph.result([width, tokens], from: [identifiers])
        graph.expand(embeddings)
        // Rows for image embeddings are beside those of a text, and are added to the output of the first layers.
        let rowCount = shape.inputRowCount ?? 1
        if rowCount > 1 {
            let padded = graph.result([width * rowCount, tokens], from: [state])
            state = graph.view(padded, width, tokens)
            seen = padded
        }
        if shape.normsEmbedding == true { state = norm(state) }
        graph.expand(state)
        let kinds = profile.layers.flatMap { Array(repeating: $0, count: $0.count) }
        let inputs = layerInputs(of: kinds.count, state)
        let ends = Self.layersAtEitherEnd
        let attendAlone = kinds.allSatisfy {
            $0.kvHeads > 0 && $0.readsOther == nil && $0.gatedDelta == nil && $0.stateSpace == nil
        }
        let areAlike = attendAlone && inputs == nil
        let chosen = areAlike && kinds.count > 2 * ends ? Array(kinds.prefix(ends) + kinds.suffix(ends)) : kinds
        if let streams { state = spread(state, streams) }
        for (index, kind) in chosen.enumerated() {
            if let streams {
                state = streamLayer(state, kind, streams, inputs, isSparse: index < sparseLayerCount)
                continue
            }
            let isLast = index == chosen.count - 1
            state = layer(state, kind, index: index, isLast: isLast && !picksRowsLast && !picksRowsBeforeNorm)
            if let inputs { state = add(inputs, to: state) }
            if let seen, index + 1 < shape.inputRowCount ?? 1 {
                state = graph.update(state, with: graph.view(seen, width, tokens))
            }
        }
        if let streams { state = merge(state, streams) }
        if picksRowsBeforeNorm {
            graph.markOutput(state)
            state = graph.result([width, tokens], from: [state, rows])
        }
        if shape.normsSums != true { state = norm(state) }
        graph.markOutput(state)
        if picksRowsLast, streams == nil {
            state = graph.result([width, tokens], from: [state, rows])
            graph.markOutput(state)
        }
        guard keepsKeys else { return pool(state) }
        let logits = product(profile.vocabularySize, state)
        graph.markOutput(logits)
        graph.expand(logits)
    }

    private mutating func layer(
        _ state: ComputeGraph.Tensor,
        _ kind: ModelProfile.LayerGroup,
        index: Int,
        isLast: Bool
    ) -> ComputeGraph.Tensor {
        var before = state
        let normal = firstNorm(state)
        if gatesAttention { graph.expand(normal) }
        if kind.lacksMixer == true { return graph.update(network(normal, kind, index: index), with: state) }
        var sum = mix(state, normal, kind)
        if kind.lacksNetwork == true { return graph.update(sum, with: state) }
        if isLast {
            sum = graph.result([width, tokens], from: [sum, rows])
            before = graph.result([width, tokens], from: [before, rows])
        }
        if shape.isParallel {
            let other = isLast ? graph.result([width, tokens], from: [normal, rows]) : normal
            return graph.update(graph.update(network(other, kind, index: index), with: sum), with: before)
        }
        if shape.hasPostNorms { sum = norm(sum) }
        // The order of two summands decides whose memory the sum takes.
        var middle = sumOrder == .stateFirst ? graph.update(before, with: sum) : graph.update(sum, with: before)
        if shape.normsSums == true { middle = norm(middle) }
        var out =
            shape.hasBothNetworks == true ? bothNetworks(middle, kind) : network(firstNorm(middle), kind, index: index)
        if shape.hasPostNorms { out = norm(out) }
        if shape.normsSums == true { return norm(graph.update(out, with: middle)) }
        return sumOrder == .partFirst ? graph.update(out, with: middle) : graph.update(middle, with: out)
    }

    /// - Parameter normal: the state after the layer's first norm.
    private mutating func mix(
        _ state: ComputeGraph.Tensor,
        _ normal: ComputeGraph.Tensor,
        _ kind: ModelProfile.LayerGroup
    ) -> ComputeGraph.Tensor {
        if let delta = kind.gatedDelta { return gatedDelta(normal, delta) }
        guard let space = kind.stateSpace else {
            return kind.kvHeads > 0 ? attend(normal, kind) : convolve(normal, kind)
        }
        guard kind.kvHeads > 0 else { return stateSpace(normal, space) }
        // Each has its own norm, with the same weights.
        let attended = attend(normal, kind)
        return graph.update(attended, with: stateSpace(firstNorm(state), space))
    }

    /// Adds the pooled vector that replaces logits if none are requested.
    private mutating func pool(_ state: ComputeGraph.Tensor) {
        graph.expand(state)
        guard let pooling = shape.pooling.flatMap(Pooling.init(rawValue:)) else { return }
        let pooled: ComputeGraph.Tensor
        if pooling == .mean {
            let turned = graph.result([tokens, width], from: [state])
            pooled = graph.result([width, 1], from: [turned, graph.input(tokens)])
        } else {
            pooled = graph.result([width, 1], from: [state, graph.input(1)])
        }
        graph.markOutput(pooled)
        graph.expand(pooled)
    }

    private mutating func firstNorm(_ tensor: ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        shape.lacksFirstNorms == true ? tensor : norm(tensor)
    }

    mutating func norm(_ tensor: ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        let dimensions = graph[tensor].shape.dimensions
        return graph.update(graph.result(dimensions, from: [tensor], mayReuse: !shape.hasLayerNorm))
    }

    /// Normalizes to a root mean square of one, without weights.
    mutating func plainNorm(_ tensor: ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        graph.result(graph[tensor].shape.dimensions, from: [tensor], mayReuse: true)
    }

    mutating func product(_ count: Int, _ tensor: ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        graph.result([count, tokens], from: [tensor])
    }
}
