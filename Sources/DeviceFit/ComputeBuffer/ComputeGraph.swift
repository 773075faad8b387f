/// The tensors of one batch as llama.cpp's allocator sees them: what takes memory, from when to when.
///
/// Weights and the cache lie elsewhere and are no part of it; what is read of them has no node.
struct ComputeGraph {
    /// A tensor of the graph, by its place in `nodes`.
    typealias Tensor = Int

    /// Elements along each dimension, the fastest first, and bytes of one.
    struct Shape: Hashable {
        var dimensions: [Int]
        var elementBytes = 4

        var bytes: Int { dimensions.reduce(elementBytes, *) }
    }

    enum Memory: Hashable {
        /// Memory of its own, or of a source that nobody needs any more, where the operation allows it and the shapes agree.
        case own(mayReuse: Bool)
        /// The same for the whole batch: what the program fills in before it starts.
        case input
        /// That of another tensor.
        case view(of: Tensor)
        /// Memory that is not the graph's, such as the cache.
        case elsewhere
    }

    struct Node {
        var shape: Shape
        var sources: [Tensor]
        var memory: Memory
        /// Read after the graph is done, so its memory is never given to another.
        var isOutput = false
        /// Whether the result of an operation on each element may take the place of what the tensor is a view of, once nobody
        /// else needs that.
        var lendsPlace = false
    }

    private(set) var nodes: [Node] = []
    /// Inputs, and all other tensors, in the order in which they are allocated and computed.
    private(set) var inputs: [Tensor] = []
    private(set) var order: [Tensor] = []
    private var isPlaced: [Bool] = []

    subscript(_ tensor: Tensor) -> Node { nodes[tensor] }

    mutating func input(_ dimensions: Int..., elementBytes: Int = 4) -> Tensor {
        add(Node(shape: Shape(dimensions: dimensions, elementBytes: elementBytes), sources: [], memory: .input))
    }

    /// The result of an operation that needs memory.
    mutating func result(_ dimensions: [Int], from sources: [Tensor], mayReuse: Bool = false) -> Tensor {
        add(Node(shape: Shape(dimensions: dimensions), sources: sources, memory: .own(mayReuse: mayReuse)))
    }

    /// The same numbers in half precision.
    mutating func halved(_ tensor: Tensor) -> Tensor {
        let shape = Shape(dimensions: nodes[tensor].shape.dimensions, elementBytes: 2)
        return add(Node(shape: shape, sources: [tensor], memory: .own(mayReuse: false)))
    }

    /// The result of an operation on each element, which may take its first source's place.
    mutating func update(_ tensor: Tensor, with others: Tensor...) -> Tensor {
        result(nodes[tensor].shape.dimensions, from: [tensor] + others, mayReuse: true)
    }

    mutating func view(_ tensor: Tensor, _ dimensions: Int...) -> Tensor { view(tensor, dimensions) }

    mutating func view(_ tensor: Tensor, _ dimensions: [Int]) -> Tensor {
        var root = tensor
        if case .view(let other) = nodes[tensor].memory { root = other }
        return add(Node(shape: Shape(dimensions: dimensions), sources: [tensor], memory: .view(of: root)))
    }

    /// A view without gaps, from the start of what it views.
    mutating func lendingView(_ tensor: Tensor, _ dimensions: Int...) -> Tensor {
        add(Node(shape: Shape(dimensions: dimensions), sources: [tensor], memory: .view(of: tensor), lendsPlace: true))
    }

    mutating func store(_ tensor: Tensor, at places: Tensor) -> Tensor {
        add(Node(shape: nodes[tensor].shape, sources: [tensor, places], memory: .elsewhere))
    }

    mutating func markOutput(_ tensor: Tensor) { nodes[tensor].isOutput = true }

    /// Says that a tensor is needed: it is computed next, after those of its sources that are not computed yet.
    mutating func expand(_ tensor: Tensor) {
        guard !isPlaced[tensor] else { return }
        isPlaced[tensor] = true
        for source in nodes[tensor].sources { expand(source) }
        if nodes[tensor].memory == .input { inputs.append(tensor) } else { order.append(tensor) }
    }

    private mutating func add(_ node: Node) -> Tensor {
        nodes.append(node)
        isPlaced.append(false)
        return nodes.count - 1
    }
}
