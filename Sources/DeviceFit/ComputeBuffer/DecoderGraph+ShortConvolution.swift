extension DecoderGraph {
    /// A short convolution: each token has three parts, one of which is kept as the past of the next tokens.
    mutating func convolve(
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
        // The number of tokens that the layer remembers, in single precision.
        let kept = max(1, kind.stateBytes / 4 / width)
        let before = graph.view(graph.result([kept * width], from: [copies]), kept, width)
        let past = graph.result([tokens + kept, width], from: [before, gated])
        graph.expand(graph.store(graph.view(past, kept, width), at: copies))
        let read = graph.result([width, tokens], from: [past])
        return product(width, graph.result([width, tokens], from: [parts[1], read], mayReuse: true))
    }
}
