/// Finds the memory that a graph takes by giving every tensor a place, as llama.cpp does before it runs one.
///
/// [LC `ggml-alloc.c`] A tensor gets the smallest free block that holds it, or the end of the memory. It is freed after
/// the last reader of it and of its views. An elementwise operation overwrites a source that has no other reader.
struct GraphAllocator {
    private struct Block {
        var offset: Int
        var size: Int
    }

    private static let alignment = 32
    private var free = [Block(offset: 0, size: 1 << 60)]
    private(set) var peak = 0

    private var readers: [Int]
    private var views: [Int]
    /// The offset of each tensor that currently has memory of its own.
    private var places: [Int?]

    /// Returns the bytes of the graph's memory.
    static func peak(_ graph: ComputeGraph) -> Int {
        var allocator = GraphAllocator(graph)
        allocator.run(graph)
        return allocator.peak
    }

    private init(_ graph: ComputeGraph) {
        readers = Array(repeating: 0, count: graph.nodes.count)
        views = readers
        places = Array(repeating: nil, count: graph.nodes.count)
        for tensor in graph.order {
            if case .view(let root) = graph[tensor].memory { views[root] += 1 }
            for source in graph[tensor].sources { readers[source] += 1 }
        }
    }

    private mutating func run(_ graph: ComputeGraph) {
        for input in graph.inputs { places[input] = allocate(graph[input].shape.bytes) }
        for tensor in graph.order {
            let node = graph[tensor]
            if case .own(let mayReuse) = node.memory {
                places[tensor] = mayReuse ? placeOfSource(node, graph) : nil
                if places[tensor] == nil { places[tensor] = allocate(node.shape.bytes) }
            }
            for source in node.sources { release(source, graph) }
        }
    }

    /// Returns the place of a source that has the same shape and no other reader.
    private mutating func placeOfSource(_ node: ComputeGraph.Node, _ graph: ComputeGraph) -> Int? {
        for source in node.sources {
            let candidate = graph[source]
            if case .view(let root) = candidate.memory, candidate.lendsPlace {
                if let place = placeOfRoot(root, seenBy: source, node, graph) { return place }
                continue
            }
            guard let place = places[source], !candidate.isOutput, candidate.shape == node.shape, readers[source] == 1,
                views[source] == 0
            else { continue }
            places[source] = nil
            return place
        }
        return nil
    }

    /// Returns the start of the tensor that a source is the last view of; the rest of it becomes free.
    private mutating func placeOfRoot(
        _ root: Int,
        seenBy view: Int,
        _ node: ComputeGraph.Node,
        _ graph: ComputeGraph
    ) -> Int? {
        guard let place = places[root], !graph[root].isOutput, graph[view].shape == node.shape, readers[view] == 1,
            views[view] == 0, views[root] == 1, readers[root] == 0
        else { return nil }
        places[root] = nil
        let (own, all) = (Self.padded(node.shape.bytes), Self.padded(graph[root].shape.bytes))
        if all > own { give(back: Block(offset: place + own, size: all - own)) }
        return place
    }

    private mutating func release(_ tensor: Int, _ graph: ComputeGraph) {
        readers[tensor] -= 1
        guard readers[tensor] == 0, views[tensor] == 0 else { return }
        var owner = tensor
        if case .view(let root) = graph[tensor].memory {
            owner = root
            views[root] -= 1
            guard views[root] == 0, readers[root] == 0 else { return }
        }
        guard !graph[owner].isOutput, let place = places[owner] else { return }
        places[owner] = nil
        give(back: Block(offset: place, size: Self.padded(graph[owner].shape.bytes)))
    }

    private mutating func allocate(_ bytes: Int) -> Int {
        let size = Self.padded(bytes)
        // The last block has no end; it is taken if no other fits. Of equal blocks the later one is taken.
        var best = free.count - 1
        for index in free.indices.dropLast() where free[index].size >= size {
            if best == free.count - 1 || free[index].size <= free[best].size { best = index }
        }
        let offset = free[best].offset
        free[best].offset += size
        free[best].size -= size
        if free[best].size == 0 { free.remove(at: best) }
        peak = max(peak, offset + size)
        return offset
    }

    private mutating func give(back block: Block) {
        let index = free.firstIndex { $0.offset > block.offset } ?? free.count
        free.insert(block, at: index)
        if index + 1 < free.count, block.offset + block.size == free[index + 1].offset {
            free[index].size += free[index + 1].size
            free.remove(at: index + 1)
        }
        if index > 0, free[index - 1].offset + free[index - 1].size == block.offset {
            free[index - 1].size += free[index].size
            free.remove(at: index)
        }
    }

    private static func padded(_ bytes: Int) -> Int { (bytes + alignment - 1) / alignment * alignment }
}
