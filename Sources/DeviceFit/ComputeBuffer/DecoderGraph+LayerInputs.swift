extension DecoderGraph {
    /// The per-layer embeddings of tokens, computed before the first layer.
    struct LayerInputs {
        /// The embeddings of all layers (P, tokens, layers).
        let all: ComputeGraph.Tensor
        let length: Int

        /// Returns the embeddings of one layer.
        func ofLayer(_ graph: inout ComputeGraph, _ tokens: Int) -> ComputeGraph.Tensor {
            graph.view(all, length, tokens)
        }
    }

    /// - Parameter state: the tokens' embeddings.
    /// - Returns: nil for a model without per-layer embeddings.
    mutating func layerInputs(of count: Int, _ state: ComputeGraph.Tensor) -> LayerInputs? {
        guard let length = shape.layerInputLength, length > 0 else { return nil }
        let identifiers = graph.input(tokens)
        let found = graph.result([length * count, tokens], from: [identifiers])
        let own = graph.update(graph.view(found, length, count, tokens))
        graph.expand(own)
        let projected = graph.update(product(length * count, state))
        let sum = graph.update(norm(graph.view(projected, length, count, tokens)), with: own)
        let turned = graph.view(graph.update(sum), length, tokens, count)
        return LayerInputs(all: graph.result([length, tokens, count], from: [turned]), length: length)
    }

    /// Adds a layer's embeddings at its end, and scales the layer's output.
    mutating func add(_ inputs: LayerInputs, to state: ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        let gate = graph.update(product(inputs.length, state))
        let chosen = graph.update(gate, with: inputs.ofLayer(&graph, tokens))
        return graph.update(graph.update(state, with: norm(product(width, chosen))))
    }
}
