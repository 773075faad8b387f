extension DecoderGraph {
    /// The network of a layer, after its mixer.
    mutating func network(
        _ state: ComputeGraph.Tensor,
        _ kind: ModelProfile.LayerGroup,
        index: Int
    ) -> ComputeGraph.Tensor {
        guard let experts = profile.experts, index >= shape.leadingDenseLayers else {
            return dense(state, kind.feedForwardLength ?? profile.feedForwardLength)
        }
        let sum = mixture(state, experts)
        guard shape.sharedExpertLength > 0 else { return sum }
        guard gatesAttention else { return graph.update(sum, with: dense(state, shape.sharedExpertLength)) }
        let shared = dense(state, shape.sharedExpertLength)
        return graph.update(sum, with: graph.update(shared, with: graph.update(product(1, state))))
    }

    /// A dense network and a mixture in parallel, each between its own norms. The router's input is scaled twice.
    mutating func bothNetworks(
        _ state: ComputeGraph.Tensor,
        _ kind: ModelProfile.LayerGroup
    ) -> ComputeGraph.Tensor {
        let length = kind.feedForwardLength ?? profile.feedForwardLength
        let one = norm(dense(norm(state), length))
        guard let experts = profile.experts else { return one }
        let input = norm(state)
        let routed = graph.update(graph.update(plainNorm(state)))
        let other = norm(mixture(input, experts, logits: product(experts.count, routed)))
        return graph.update(one, with: other)
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

    /// Adds the biases of the chosen experts, if there are any.
    private mutating func biased(_ part: ComputeGraph.Tensor, _ chosen: ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        biasesExperts ? graph.update(part, with: chosen) : part
    }

    private mutating func mixture(
        _ state: ComputeGraph.Tensor,
        _ experts: ModelProfile.Experts,
        logits: ComputeGraph.Tensor? = nil
    ) -> ComputeGraph.Tensor {
        let (count, used) = (experts.count, experts.used)
        let length = shape.expertLength > 0 ? shape.expertLength : profile.feedForwardLength
        // A bias, or the function that makes weights of scores.
        let probabilities = graph.update(logits ?? product(count, state))
        let order = graph.result([count, tokens], from: [probabilities])
        let chosen = graph.view(order, used, tokens)
        var weights = graph.result([1, used, tokens], from: [graph.view(probabilities, 1, count, tokens), chosen])
        let flat = graph.view(weights, used, tokens)
        if biasesExperts {
            weights = graph.view(graph.update(flat), 1, used, tokens)
        } else {
            let total = graph.update(graph.result([1, tokens], from: [flat]))
            weights = graph.view(graph.result([used, tokens], from: [flat, total], mayReuse: true), 1, used, tokens)
        }
        graph.expand(weights)
        let input = graph.view(state, width, 1, tokens)
        let hidden: ComputeGraph.Tensor
        var part: ComputeGraph.Tensor
        if shape.hasBothNetworks == true {
            // Gate and up in one matrix; and one number per expert, broadcast over all tokens.
            let both = graph.result([2 * length, used, tokens], from: [input, chosen])
            let halves = (0..<2).map { _ in graph.view(both, length, used, tokens) }
            hidden = graph.result([length, used, tokens], from: halves)
            part = graph.result([width, used, tokens], from: [hidden, chosen])
            let spread = graph.result([1, count, tokens], from: [])
            part = graph.update(part, with: graph.result([1, used, tokens], from: [spread, chosen]))
        } else {
            let up = biased(graph.result([length, used, tokens], from: [input, chosen]), chosen)
            let gate = biased(graph.result([length, used, tokens], from: [input, chosen]), chosen)
            hidden = graph.result([length, used, tokens], from: [gate, up])
            part = biased(graph.result([width, used, tokens], from: [hidden, chosen]), chosen)
        }
        let out = graph.update(part, with: weights)
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
}
