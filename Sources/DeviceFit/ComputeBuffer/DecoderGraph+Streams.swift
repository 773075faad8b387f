import Architectures

extension DecoderGraph {
    /// Makes several streams of hidden states from the first, each of the same length.
    mutating func spread(_ state: ComputeGraph.Tensor, _ streams: StreamShape) -> ComputeGraph.Tensor {
        let others = streams.count - 1
        let target = length(of: state, 1)
        let repeated = graph.result([width, tokens, others], from: [state])
        let made = stretched(graph.result([width, tokens, others], from: [repeated]), to: target, others)
        return graph.result([width, tokens, streams.count], from: [state, made])
    }

    /// Computes the mean of the streams, each projected back to the first and scaled to its length, and selects the
    /// wanted rows.
    mutating func merge(_ state: ComputeGraph.Tensor, _ streams: StreamShape) -> ComputeGraph.Tensor {
        let others = streams.count - 1
        let target = length(of: graph.view(state, width, tokens), 1)
        let made = graph.result([width, tokens, others], from: [graph.view(state, width, tokens, others)])
        let parts = stretched(made, to: target, others)
        var sum = graph.view(state, width, tokens)
        for _ in 0..<others { sum = graph.update(sum, with: graph.view(parts, width, tokens)) }
        return graph.result([width, tokens], from: [graph.update(sum), rows])
    }

    /// A layer that runs on the first of several streams and corrects all of them.
    mutating func streamLayer(
        _ state: ComputeGraph.Tensor,
        _ kind: ModelProfile.LayerGroup,
        _ streams: StreamShape,
        _ inputs: LayerInputs?,
        isSparse: Bool
    ) -> ComputeGraph.Tensor {
        let count = streams.count
        let turned = graph.result([count, width, tokens], from: [graph.view(state, count, width, tokens)])
        let factors = graph.result([count * count, tokens], from: [route(graph.view(state, width, tokens), count)])
        let mixed = graph.result([width, count, tokens], from: [turned, graph.view(factors, count, count, tokens)])
        let ordered = graph.result([width, tokens, count], from: [graph.view(mixed, width, tokens, count)])
        let predicted = graph.update(ordered, with: state)
        let active = graph.view(predicted, width, tokens)
        let normal = norm(active)
        let low = graph.result([streams.detourRank, tokens], from: [normal])
        let detour = graph.update(norm(product(width, low)), with: normal)
        let attended = graph.update(norm(attend(normal, kind)), with: active)
        let middle = graph.update(graph.update(attended, with: detour))
        let length = kind.feedForwardLength ?? profile.feedForwardLength
        let out = norm(sparseNetwork(norm(middle), length, isSparse: isSparse))
        let changed = graph.update(out, with: middle)
        let corrected = correct(predicted, by: changed, count)
        guard let inputs else { return corrected }
        let scaled = graph.update(graph.view(corrected, width, tokens))
        let gate = graph.update(graph.update(product(inputs.length, scaled)), with: inputs.ofLayer(&graph, tokens))
        let part = norm(product(width, gate))
        let first = graph.view(corrected, width, tokens)
        let others = graph.update(graph.view(corrected, width, tokens, count - 1), with: part)
        return graph.result([width, tokens, count], from: [first, others])
    }

    /// Computes the router's output.
    private mutating func route(_ state: ComputeGraph.Tensor, _ count: Int) -> ComputeGraph.Tensor {
        graph.update(product(count, graph.update(norm(state))))
    }

    private mutating func correct(
        _ predicted: ComputeGraph.Tensor,
        by changed: ComputeGraph.Tensor,
        _ count: Int
    ) -> ComputeGraph.Tensor {
        let innovation = graph.update(changed, with: graph.view(predicted, width, tokens))
        let repeated = graph.result([width, tokens, count], from: [innovation])
        let factors = graph.update(product(count, route(changed, count)))
        let turned = graph.result([1, tokens, count], from: [graph.view(factors, tokens, count)])
        return graph.update(graph.update(repeated, with: turned), with: predicted)
    }

    /// A gated network whose gate may drop elements that are not far enough above its mean.
    private mutating func sparseNetwork(
        _ state: ComputeGraph.Tensor,
        _ length: Int,
        isSparse: Bool
    ) -> ComputeGraph.Tensor {
        let up = product(length, state)
        var gate = product(length, state)
        if isSparse {
            let mean = graph.result([1, tokens], from: [gate])
            let distance = graph.update(graph.update(gate, with: mean))
            let deviation = graph.update(graph.update(graph.update(graph.result([1, tokens], from: [distance]))))
            gate = graph.update(graph.update(gate, with: graph.update(mean, with: deviation)))
        }
        return product(width, graph.update(up, with: graph.update(gate)))
    }

    /// Computes the lengths of rows.
    private mutating func length(of tensor: ComputeGraph.Tensor, _ count: Int) -> ComputeGraph.Tensor {
        graph.update(graph.result([1, tokens, count], from: [graph.update(tensor)]))
    }

    private mutating func stretched(
        _ made: ComputeGraph.Tensor,
        to target: ComputeGraph.Tensor,
        _ count: Int
    ) -> ComputeGraph.Tensor {
        let scaled = graph.update(made, with: target)
        return graph.update(scaled, with: length(of: made, count))
    }
}
