import Architectures

/// The parts of a layer.
extension ForwardPass {
    /// Adds the tokens' embeddings for the layer, and corrects the streams by the layer's change.
    func takeInput(
        _ layer: LayerWeights,
        _ index: Int,
        _ rows: Range<Int>,
        _ observer: ((Activations) -> Void)?
    ) {
        guard let streams, let own = layer.streams else {
            if let input = layer.input { embedding.add(to: hidden.start, layer: index, input, rows: rows, observer) }
            return
        }
        let x = streams.correct(own, by: UnsafePointer(hidden.start), rows.count, observer)
        guard let input = layer.input else { return }
        streams.addToOthers(embedding.part(of: x, layer: index, input, rows: rows, observer), rows.count)
    }

    func runMixer(
        _ layer: LayerWeights,
        _ index: Int,
        _ x: Rows<UnsafePointer<Float>>,
        _ positions: Range<Int>,
        _ tables: RotaryTables,
        _ rows: Range<Int>,
        _ observer: ((Activations) -> Void)?
    ) {
        if case .absent = layer.mixer { return }
        add(to: rows, layer.mixerPostNorm) { destination in
            switch layer.mixer {
            case .attention(let weights, let shape):
                let table = tables[shape.positions]
                attention.run(index, weights, shape, x, positions, table, rows, into: destination, observer)
            case .shortConvolution(let weights, let shape):
                convolution.run(index, weights, shape, x, positions, rows, into: destination, observer)
            case .gatedDelta(let weights, let shape):
                delta.run(index, weights, shape, x, positions, rows, into: destination, observer)
            case .stateSpace(let weights, let shape):
                space.run(index, weights, shape, x, positions, rows, into: destination, observer)
            case .attentionAndStateSpace(let weights, let shape, let spaceWeights, let spaceShape):
                let table = tables[shape.positions]
                attention.run(index, weights, shape, x, positions, table, rows, into: destination, observer)
                // The second is added to the first, at the same destination.
                let sum = Destination(rows: destination.rows, adds: true)
                space.run(index, spaceWeights, spaceShape, x, positions, rows, into: sum, observer)
            case .absent: break
            }
        }
    }

    /// - Parameter mixed: the input of the layer's mixer.
    func runNetwork(
        _ layer: LayerWeights,
        _ mixed: Rows<UnsafePointer<Float>>,
        _ count: Int,
        _ observer: ((Activations) -> Void)?
    ) {
        if case .absent = layer.network { return }
        guard count > 0 else { return }
        // A layer with only one norm, in front, feeds mixer and network from it.
        let isParallel = layer.networkNorm == nil && layer.mixerNorm != nil
        let x = isParallel ? mixed : normalize(0..<count, layer.networkNorm)
        add(to: 0..<count, layer.networkPostNorm) { destination in
            switch layer.network {
            case .dense(let weights): dense.run(weights, x, count: count, into: destination, observer)
            case .experts(let weights): experts.run(weights, x, count: count, into: destination, observer)
            case .both(let weights):
                // The output is normalized before it is added, so it is written to `branch`.
                let out = destination.rows.start
                both.run(weights, UnsafePointer(hidden.start), x, count: count, into: out, observer)
            case .absent: break
            }
        }
    }
}
