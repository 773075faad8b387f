extension DecoderGraph {
    /// Queries, keys and values, of which the last two are stored; and what queries read.
    mutating func attend(
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
        if let growth { own[0] = graph.update(own[0], with: growth) }
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
}
