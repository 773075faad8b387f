extension DecoderGraph {
    /// A gated delta rule: queries, keys and values are convolved and update one matrix per head, from which the output
    /// is read.
    mutating func gatedDelta(
        _ input: ComputeGraph.Tensor,
        _ delta: ModelProfile.GatedDelta
    ) -> ComputeGraph.Tensor {
        let (heads, length) = (delta.valueHeads, delta.headLength)
        let values = heads * length
        let channels = 2 * delta.keyHeads * length + values
        let kept = delta.convolutionLength - 1
        let mixed = graph.view(product(channels, input), tokens, channels)
        let gate = product(values, input)
        let strength = graph.update(graph.view(product(heads, input), 1, heads, tokens))
        let rate = graph.update(graph.update(graph.update(graph.view(product(heads, input), heads, tokens))))
        let fading = graph.view(rate, 1, heads, tokens)
        let before = graph.result([kept * channels], from: [copies])
        graph.expand(before)
        let past = graph.result([tokens + kept, channels], from: [graph.view(before, kept, channels), mixed])
        graph.expand(graph.store(graph.view(past, kept, channels), at: copies))
        let carried = graph.result([length * values], from: [copies])
        graph.expand(carried)
        let convolved = graph.update(graph.result([channels, tokens], from: [past]))
        let unit = (0..<2).map { _ in
            graph.update(plainNorm(graph.view(convolved, length, delta.keyHeads, tokens)))
        }
        let answered = graph.result(
            [values, tokens + length],
            from: unit + [
                graph.view(convolved, length, heads, tokens), fading, strength,
                graph.view(carried, length, length, heads),
            ]
        )
        graph.expand(graph.store(graph.view(answered, length, length, heads), at: copies))
        let normal = norm(graph.view(answered, length, heads, tokens))
        let gated = graph.update(normal, with: graph.update(graph.view(gate, length, heads, tokens)))
        return graph.view(product(width, graph.view(gated, values, tokens)), width, tokens)
    }
}
