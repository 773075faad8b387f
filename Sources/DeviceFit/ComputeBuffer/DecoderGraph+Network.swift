extension DecoderGraph {
    /// What a layer has after its mixer.
    mutating func network(_ state: ComputeGraph.Tensor, index: Int) -> ComputeGraph.Tensor {
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
}
