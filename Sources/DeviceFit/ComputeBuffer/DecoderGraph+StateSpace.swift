extension DecoderGraph {
    /// A state space: channels are convolved and update one state per head, from which the output is read.
    mutating func stateSpace(
        _ input: ComputeGraph.Tensor,
        _ space: ModelProfile.StateSpace
    ) -> ComputeGraph.Tensor {
        let (heads, length) = (space.heads, space.headLength)
        let values = heads * length
        let channels = values + 2 * space.groups * space.stateLength
        let kept = space.convolutionLength - 1
        let before = graph.result([kept * channels], from: [copies])
        graph.expand(before)
        let all = product(values + channels + heads, input)
        let mixed = graph.view(all, tokens, channels)
        let past = graph.result([tokens + kept, channels], from: [graph.view(before, kept, channels), mixed])
        graph.expand(graph.store(graph.view(past, kept, channels), at: copies))
        let convolved = graph.update(graph.update(graph.result([channels, tokens], from: [past])))
        let value = graph.view(convolved, length, heads, tokens)
        let steps = graph.update(graph.result([heads, tokens], from: [graph.view(all, heads, tokens)]))
        let groups = (0..<2).map { _ in graph.view(convolved, space.stateLength, space.groups, tokens) }
        let answered = graph.result(
            [values * (tokens + space.stateLength)],
            from: [value, steps] + groups + [copies]
        )
        graph.expand(answered)
        graph.expand(graph.store(graph.view(answered, values * space.stateLength), at: copies))
        let passed = graph.result([length, heads, tokens], from: [value])
        let sum = graph.update(graph.lendingView(answered, length, heads, tokens), with: passed)
        let gate = graph.result([length, heads, tokens], from: [graph.view(all, length, heads, tokens)])
        // The gated tensor is computed before its gate. A norm of the result would overwrite it.
        let gated = graph.result([length, heads, tokens], from: [sum, gate])
        return product(width, graph.view(gated, values, tokens))
    }
}
