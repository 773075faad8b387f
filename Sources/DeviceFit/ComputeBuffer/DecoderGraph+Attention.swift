extension DecoderGraph {
    /// Computes queries, keys and values, stores keys and values, and computes what the queries read.
    mutating func attend(
        _ state: ComputeGraph.Tensor,
        _ kind: ModelProfile.LayerGroup
    ) -> ComputeGraph.Tensor {
        let heads = profile.headCount
        // Latent attention keeps no values: the part of its keys that it reads is about as wide as the keys.
        let valueLength = kind.valueLength > 0 ? kind.valueLength : kind.keyLength
        if kind.readsOther == true { return ask(state, kind) }
        let parts = [(heads, kind.keyLength), (kind.kvHeads, kind.keyLength), (kind.kvHeads, valueLength)]
        var own: [ComputeGraph.Tensor]
        if shape.fusesQKV {
            let all = product(parts.reduce(0) { $0 + $1.0 * $1.1 }, state)
            own = parts.map { graph.view(all, $0.1, $0.0, tokens) }
        } else {
            own = []
            var numbers: [ComputeGraph.Tensor] = []
            for (index, (count, length)) in parts.enumerated() {
                let isKey = index == 2 && kind.takesKeysForValues == true
                // The query matrix may also compute a gate for each element of the output.
                let width = index == 0 && gatesAttention ? 2 * count * length : count * length
                numbers.append(isKey ? numbers[1] : product(width, state))
                own.append(graph.view(numbers[index], length, count, tokens))
            }
        }
        let gate = gatesAttention ? graph.result([heads * kind.keyLength, tokens], from: [own[0]]) : nil
        if normalizesValues { own[2] = plainNorm(own[2]) }
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
        guard keepsKeys else {
            for tensor in own { graph.expand(tensor) }
            // Keys and values are converted to half precision, as a cache would store them.
            let halved = own.dropFirst().map { part in
                graph.halved(graph.view(part, graph[part].shape.dimensions[0], tokens, kind.kvHeads))
            }
            return read(own[0], kind, valueLength: valueLength, halved: halved)
        }
        let inputs = cells(of: kind)
        // Unprocessed keys and queries remain views of one product.
        let hasGaps = shape.fusesQKV && !shape.normalizesHeads && !shape.turnsHeads
        own[0] = rotate(own[0], by: inputs.keyRotation, hasGaps: hasGaps)
        own[1] = rotate(own[1], by: inputs.keyRotation, hasGaps: hasGaps)
        own[2] = rotate(own[2], by: inputs.valueRotation, hasGaps: shape.fusesQKV && !normalizesValues)
        for tensor in normalizesValues ? own : [own[0], own[2], own[1]] { graph.expand(tensor) }
        let stored = [(own[1], inputs.keyPlaces), (own[2], inputs.valuePlaces)]
        for (tensor, places) in stored {
            let row = graph.view(tensor, graph[tensor].shape.dimensions[0] * kind.kvHeads, tokens)
            graph.expand(graph.store(row, at: places))
        }
        return read(own[0], kind, valueLength: valueLength, gate: gate)
    }

    /// Computes queries only; they read the keys and values of an earlier layer.
    private mutating func ask(
        _ state: ComputeGraph.Tensor,
        _ kind: ModelProfile.LayerGroup
    ) -> ComputeGraph.Tensor {
        let heads = profile.headCount
        let all = product(heads * kind.keyLength, state)
        var query = norm(graph.view(all, kind.keyLength, heads, tokens))
        query = graph.result(graph[query].shape.dimensions, from: [query, positions], mayReuse: true)
        query = rotate(query, by: cells(of: kind).keyRotation)
        graph.expand(query)
        return read(query, kind, valueLength: kind.valueLength)
    }

    /// Multiplies the attention's result by the output matrix.
    private mutating func read(
        _ query: ComputeGraph.Tensor,
        _ kind: ModelProfile.LayerGroup,
        valueLength: Int,
        gate: ComputeGraph.Tensor? = nil,
        halved: [ComputeGraph.Tensor] = []
    ) -> ComputeGraph.Tensor {
        let heads = profile.headCount
        let asking = graph.view(query, kind.keyLength, tokens, heads)
        let read = graph.result([valueLength, heads, tokens], from: [asking] + halved + [cells(of: kind).mask])
        var flat = graph.view(read, valueLength * heads, tokens)
        graph.expand(flat)
        flat = rotate(flat, by: cells(of: kind).valueRotation)
        guard let gate else { return product(width, flat) }
        return product(width, graph.update(flat, with: graph.update(gate)))
    }

    private func cells(of kind: ModelProfile.LayerGroup) -> Attention {
        guard let inputs = kind.slidingWindow == nil ? full : windowed else {
            preconditionFailure("no cells for layers that look back as far as these")
        }
        return inputs
    }
}
