import Architectures

/// Builds the graph that llama.cpp builds to process a picture: patches, the tower's layers, and the projection to the
/// width of the language model.
///
/// [LC `tools/mtmd/clip.cpp`, `tools/mtmd/models/*.cpp`] With flash attention and one picture, because memory is
/// reserved for that case.
struct TowerGraph {
    private var graph = ComputeGraph()
    private let tower: ProjectorTower
    /// The number of patches along a side of the picture.
    private let side: Int
    private var count: Int { side * side }

    /// Returns the bytes of the compute buffer, for the picture size that engines reserve memory for.
    static func bytes(_ tower: ProjectorTower) -> Int {
        var builder = TowerGraph(tower, side: tower.pictureSide / tower.patchSize)
        builder.build()
        return GraphAllocator.peak(builder.graph)
    }

    private init(_ tower: ProjectorTower, side: Int) { (self.tower, self.side) = (tower, side) }

    /// The number of alike layers that are kept; more change nothing, because places repeat from layer to layer.
    private static let layers = 4

    private mutating func build() {
        let raw = graph.input(side * tower.patchSize, side * tower.patchSize, 3)
        var state = patches(of: raw)
        let places = (0..<tower.positionInputs).map { _ in graph.input(count * tower.positionsPerPatch) }
        let mask = tower.hasWindows ? windows(&state) : nil
        var taps: [ComputeGraph.Tensor] = []
        for index in 0..<max(Self.layers, tower.tapCount + 1) {
            // The first layers use a window, and every n-th layer uses full attention. Each makes its own mask.
            let own = index % 2 == 0 ? mask.map { graph.halved($0) } : nil
            state = layer(state, places, own)
            if taps.count < tower.tapCount { taps.append(state) }
        }
        if tower.hasLastNorm { state = norm(state) }
        var output = project(state)
        // The outputs of some layers are read at the end, and kept until then.
        let tapped = taps.map { project(norm($0, isLayerNorm: true)) }
        if let first = tapped.first {
            let rows = count / (tower.mergesSide * tower.mergesSide)
            var joined = first
            for (index, other) in tapped.dropFirst().enumerated() {
                joined = graph.result([tower.outputWidth * (index + 2), rows], from: [joined, other])
            }
            output = graph.result([tower.outputWidth * (tapped.count + 1), rows], from: [output, joined])
        }
        graph.expand(output)
    }

    /// The picture as embeddings of patches, with their positions added.
    private mutating func patches(of raw: ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        var input = raw
        // Pixels are scaled; the picture itself is no longer needed then.
        if tower.scalesPixels { input = graph.update(raw) }
        var parts: [ComputeGraph.Tensor] = []
        for _ in 0..<tower.frames {
            let columns = graph.columns(tower.patchSize * tower.patchSize * 3, count, of: input)
            let product = graph.result([count, tower.width], from: [columns])
            parts.append(graph.result([side, side, tower.width], from: [graph.view(product, side, side, tower.width)]))
        }
        var state = parts.count > 1 ? graph.update(parts[0], with: parts[1]) : parts[0]
        // Moves patches before channels.
        state = graph.result([tower.width, count], from: [graph.view(state, tower.width, count)])
        if tower.frames > 1 {
            state = graph.result([tower.width, count], from: [graph.view(state, tower.width, count)])
        }
        state = graph.update(state)
        if tower.resizesPositions {
            let resized = graph.result([tower.width, count], from: [])
            state = graph.update(
                state,
                with: graph.result([tower.width, count], from: [graph.view(resized, tower.width, count)])
            )
        }
        if tower.looksUpPositions {
            for _ in 0..<2 { state = graph.update(state, with: graph.result([tower.width, count], from: [])) }
        }
        return state
    }

    /// Orders patches by windows, and makes the mask of patches that see each other.
    private mutating func windows(_ state: inout ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        let order = graph.input(count / 4)
        let mask = graph.input(count, count)
        let rows = graph.result(
            [tower.width * 4, count / 4],
            from: [graph.view(state, tower.width * 4, count / 4), order]
        )
        state = graph.view(rows, tower.width, count)
        let half = graph.halved(mask)
        graph.expand(half)
        return half
    }

    private mutating func layer(
        _ state: ComputeGraph.Tensor,
        _ places: [ComputeGraph.Tensor],
        _ mask: ComputeGraph.Tensor?
    ) -> ComputeGraph.Tensor {
        let (heads, length) = (tower.headCount, tower.width / tower.headCount)
        let normed = norm(state)
        var own: [ComputeGraph.Tensor]
        if tower.fusesQKV {
            let all = graph.update(graph.result([3 * tower.width, count], from: [normed]))
            own = (0..<3).map { _ in graph.view(all, length, heads, count) }
        } else {
            own = (0..<3).map { _ in
                let part = graph.update(graph.result([tower.width, count], from: [normed]))
                return graph.view(part, length, heads, count)
            }
        }
        for index in 0..<2 {
            if tower.normalizesHeads {
                let normed = graph.result(
                    graph[own[index]].shape.dimensions,
                    from: [own[index]],
                    mayReuse: !tower.hasLayerNorm
                )
                own[index] = graph.update(normed)
            }
            for place in places where tower.turnsHeads {
                own[index] = graph.result(
                    graph[own[index]].shape.dimensions,
                    from: [own[index], place],
                    mayReuse: true
                )
            }
        }
        if tower.normalizesValues { own[2] = graph.result([length, heads, count], from: [own[2]], mayReuse: true) }
        for tensor in own { graph.expand(tensor) }
        let halved = own.dropFirst().map { graph.halved(graph.view($0, length, count, heads)) }
        let asking = graph.view(own[0], length, count, heads)
        let read = graph.result([length, heads, count], from: [asking] + halved + (mask.map { [$0] } ?? []))
        var attended = graph.update(graph.result([tower.width, count], from: [graph.view(read, tower.width, count)]))
        if tower.hasNormsBehind { attended = norm(attended) }
        let between = graph.update(attended, with: state)
        var behind = network(norm(between))
        if tower.hasNormsBehind { behind = norm(behind) }
        return graph.update(between, with: behind)
    }

    private mutating func network(_ state: ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        let up = graph.update(graph.result([tower.innerWidth, count], from: [state]))
        var inner: ComputeGraph.Tensor
        if tower.isGated {
            let gate = graph.update(graph.result([tower.innerWidth, count], from: [state]))
            inner = graph.result([tower.innerWidth, count], from: [gate, up])
        } else {
            inner = graph.update(up)
        }
        inner = graph.result([tower.width, count], from: [inner])
        return graph.update(inner)
    }

    private mutating func norm(
        _ tensor: ComputeGraph.Tensor,
        isLayerNorm: Bool? = nil
    ) -> ComputeGraph.Tensor {
        let mayReuse = !(isLayerNorm ?? tower.hasLayerNorm)
        let normed = graph.result(graph[tensor].shape.dimensions, from: [tensor], mayReuse: mayReuse)
        return graph.update(normed)
    }

    /// Projects the tower's patches to fewer and wider ones.
    private mutating func project(_ state: ComputeGraph.Tensor) -> ComputeGraph.Tensor {
        let merged = tower.mergesSide * tower.mergesSide
        let rows = count / merged
        if tower.pools {
            let turned = graph.result([side, side, tower.width], from: [graph.view(state, side, side, tower.width)])
            let pooled = graph.result([rows, tower.width], from: [turned])
            let back = graph.result([tower.width, rows], from: [graph.view(pooled, tower.width, rows)])
            return graph.result([tower.outputWidth, rows], from: [graph.update(graph.update(back))])
        }
        let wide = tower.width * merged
        let inner = graph.update(graph.update(graph.result([wide, rows], from: [graph.view(state, wide, rows)])))
        return graph.update(graph.result([tower.outputWidth, rows], from: [inner]))
    }
}

extension ComputeGraph {
    /// Puts the numbers of each patch in a column, in half precision.
    mutating func columns(_ length: Int, _ count: Int, of picture: Tensor) -> Tensor {
        halved(view(picture, length, count))
    }
}
