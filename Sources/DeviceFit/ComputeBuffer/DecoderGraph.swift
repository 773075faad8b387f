import Architectures

/// Builds the graph that llama.cpp builds to read a prompt, from a model's shapes: what is computed of a batch, and in which order.
///
/// [LC `llama-graph.cpp`, `models/*.cpp`] With flash attention, one sequence, and an answer for every token of the batch, which is
/// what memory is reserved for.
struct DecoderGraph {
    private var graph = ComputeGraph()
    private let profile: ModelProfile
    private let shape: ModelProfile.Graph
    private let sumOrder: SumOrder
    private let tokens: Int
    private let width: Int

    private let positions: ComputeGraph.Tensor
    private let rows: ComputeGraph.Tensor
    /// Which sequence's memory a convolution goes on with.
    private let copies: ComputeGraph.Tensor
    private let full: Attention?
    private let windowed: Attention?

    /// What all layers share that look back equally far.
    private struct Attention {
        let keyPlaces: ComputeGraph.Tensor
        let valuePlaces: ComputeGraph.Tensor
        let mask: ComputeGraph.Tensor
    }

    /// Of layers that are alike, those beyond this many at either end change nothing: places repeat from layer to layer.
    private static let layersAtEitherEnd = 3

    /// Bytes of the compute buffer.
    /// - Parameters:
    ///   - batch: tokens that are computed at once.
    ///   - cells: tokens of the cache, in layers with full attention and in those with a window.
    static func bytes(_ profile: ModelProfile, batch: Int, cells: (full: Int?, windowed: Int?)) -> Int {
        GraphAllocator.peak(DecoderGraph(profile, batch: batch, cells: cells).graph)
    }

    private init(_ profile: ModelProfile, batch: Int, cells: (full: Int?, windowed: Int?)) {
        self.profile = profile
        shape = profile.graph ?? .assumed(of: profile)
        sumOrder = Architecture(named: profile.architecture).sumOrder
        tokens = batch
        width = profile.embeddingLength
        var graph = ComputeGraph()
        func attention(_ cells: Int) -> Attention {
            Attention(
                keyPlaces: graph.input(batch, elementBytes: 8),
                valuePlaces: graph.input(batch, elementBytes: 8),
                mask: graph.input(cells, batch, elementBytes: 2)
            )
        }
        let identifiers = graph.input(batch)
        // Embeddings may also be handed in; their memory is kept whether they are or not.
        let embeddings = graph.input(width, batch)
        positions = graph.input(batch)
        full = cells.full.map(attention)
        windowed = cells.windowed.map(attention)
        rows = graph.input(batch)
        copies = graph.input(1)
        self.graph = graph
        build(identifiers, embeddings)
    }

    private mutating func build(_ identifiers: ComputeGraph.Tensor, _ embeddings: ComputeGraph.Tensor) {
        var state = graph.result([width, tokens], from: [identifiers])
        graph.expand(embeddings)
        graph.expand(state)
        let kinds = profile.layers.flatMap { Array(repeating: $0, count: $0.count) }
        let ends = Self.layersAtEitherEnd
        let areAlike = kinds.allSatisfy { $0.kvHeads > 0 }
        let chosen = areAlike && kinds.count > 2 * ends ? Array(kinds.prefix(ends) + kinds.suffix(ends)) : kinds
        for (index, kind) in chosen.enumerated() {
            state = layer(state, kind, index: index, isLast: index == chosen.count - 1)
        }
        state = norm(state)
        graph.markOutput(state)
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
        let normal = norm(state)
        var sum = kind.kvHeads > 0 ? attend(normal, kind) : convolve(normal, kind)
        if isLast {
            sum = graph.result([width, tokens], from: [sum, rows])
            before = graph.result([width, tokens], from: [before, rows])
        }
        if shape.isParallel {
            let other = isLast ? graph.result([width, tokens], from: [normal, rows]) : normal
            return graph.update(graph.update(network(other, index: index), with: sum), with: before)
        }
        if shape.hasPostNorms { sum = norm(sum) }
        // Which of two summands comes first decides whose memory the sum takes.
        let middle = sumOrder == .stateFirst ? graph.update(before, with: sum) : graph.update(sum, with: before)
        var out = network(norm(middle), index: index)
        if shape.hasPostNorms { out = norm(out) }
        return sumOrder == .partFirst ? graph.update(out, with: middle) : graph.update(middle, with: out)
    }

    private mutating func attend(
        _ state: ComputeGraph.Tensor,
        _ kind: ModelProfile.LayerGroup
    ) -> ComputeGraph.Tensor {
        let heads = profile.headCount
        // Latent attention keeps no values: what it reads of its keys is about as wide as they.
        let valueLength = kind.valueLength > 0 ? kind.valueLength : kind.keyLength
        let parts = [(heads, kind.keyLength), (kind.kvHeads, kind.keyLength), (kind.kvHeads, valueLength)]
        var own: [ComputeGraph.Tensor]
        if shape.fusesQKV {
            let all = product(parts.reduce(0) { $0 + $1.0 * $1.1 }, state)
            own = parts.map { graph.view(all, $0.1, $0.0, tokens) }
        } else {
            own = []
            for (count, length) in parts {
                let numbers = product(count * length, state)
                own.append(graph.view(numbers, length, count, tokens))
            }
        }
        for index in 0..<2 {
            if shape.normalizesHeads { own[index] = norm(own[index]) }
            if shape.turnsHeads {
                own[index] = graph.result(
                    graph[own[index]].shape.dimensions,
                    from: [own[index], positions],
                    mayReuse: true
                )
            }
        }
        for tensor in [own[0], own[2], own[1]] { graph.expand(tensor) }
        guard let inputs = kind.slidingWindow == nil ? full : windowed else {
            preconditionFailure("no cells for layers that look back as far as these")
        }
        let stored = [(own[1], inputs.keyPlaces), (own[2], inputs.valuePlaces)]
        for (tensor, places) in stored {
            let row = graph.view(tensor, graph[tensor].shape.dimensions[0] * kind.kvHeads, tokens)
            graph.expand(graph.store(row, at: places))
        }
        let query = graph.view(own[0], kind.keyLength, tokens, heads)
        let read = graph.result([valueLength, heads, tokens], from: [query, inputs.mask])
        let flat = graph.view(read, valueLength * heads, tokens)
        graph.expand(flat)
        return product(width, flat)
    }

    /// A short convolution: three parts of each token, of which one is turned into the next ones' past.
    private mutating func convolve(
        _ input: ComputeGraph.Tensor,
        _ kind: ModelProfile.LayerGroup
    ) -> ComputeGraph.Tensor {
        let all = product(3 * width, input)
        let parts = (0..<3).map { _ in graph.view(all, width, tokens) }
        let gated = graph.view(
            graph.result([width, tokens], from: [parts[0], parts[2]], mayReuse: true),
            tokens,
            width
        )
        // Tokens that the layer remembers, in single precision.
        let kept = max(1, kind.stateBytes / 4 / width)
        let before = graph.view(graph.result([kept * width], from: [copies]), kept, width)
        let past = graph.result([tokens + kept, width], from: [before, gated])
        graph.expand(graph.store(graph.view(past, kept, width), at: copies))
        let read = graph.result([width, tokens], from: [past])
        return product(width, graph.result([width, tokens], from: [parts[1], read], mayReuse: true))
    }

    private mutating func network(_ state: ComputeGraph.Tensor, index: Int) -> ComputeGraph.Tensor {
        guard let experts = profile.experts, index >= shape.leadingDenseLayers else {
            return dense(state, profile.feedForwardLength)
        }
        let sum = mixture(state, experts)
        guard shape.sharedExpertLength > 0 else { return sum }
        return graph.update(sum, with: dense(state, shape.sharedExpertLength))
    }

    private mutating func dense(_ state: ComputeGraph.Tensor, _ length: Int) -> ComputeGraph.Tensor {
        switch shape.network {
        case .plain:
            return product(width, graph.update(product(length, state)))
        case .gatedInOne:
            return product(width, graph.result([length, tokens], from: [product(2 * length, state)]))
        case .gated:
            let up = product(length, state)
            let gate = product(length, state)
            return product(width, graph.result([length, tokens], from: [gate, up]))
        }
    }

    private mutating func mixture(
        _ state: ComputeGraph.Tensor,
        _ experts: ModelProfile.Experts
    ) -> ComputeGraph.Tensor {
        let (count, used) = (experts.count, experts.used)
        let length = shape.expertLength > 0 ? shape.expertLength : profile.feedForwardLength
        let probabilities = graph.update(product(count, state))
        let order = graph.result([count, tokens], from: [probabilities])
        let chosen = graph.view(order, used, tokens)
        var weights = graph.result([1, used, tokens], from: [graph.view(probabilities, 1, count, tokens), chosen])
        let flat = graph.view(weights, used, tokens)
        let total = graph.update(graph.result([1, tokens], from: [flat]))
        weights = graph.view(graph.result([used, tokens], from: [flat, total], mayReuse: true), 1, used, tokens)
        graph.expand(weights)
        let input = graph.view(state, width, 1, tokens)
        let up = graph.result([length, used, tokens], from: [input, chosen])
        let gate = graph.result([length, used, tokens], from: [input, chosen])
        let hidden = graph.result([length, used, tokens], from: [gate, up])
        let out = graph.update(graph.result([width, used, tokens], from: [hidden, chosen]), with: weights)
        graph.expand(out)
        let parts = (0..<used).map { _ in graph.view(out, width, tokens) }
        for part in parts { graph.expand(part) }
        var sum = parts[0]
        for part in parts.dropFirst() {
            sum = graph.update(sum, with: part)
            graph.expand(sum)
        }
        return used == 1 ? graph.result([width, tokens], from: [sum]) : sum
    }

    private mutating func norm(_ tensor: ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        let dimensions = graph[tensor].shape.dimensions
        return graph.update(graph.result(dimensions, from: [tensor], mayReuse: !shape.hasLayerNorm))
    }

    private mutating func product(_ count: Int, _ tensor: ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        graph.result([count, tokens], from: [tensor])
    }
}
