/// The tensors of one batch as llama.cpp's allocator sees them: which take memory, and from when to when.
///
/// Weights and the cache are outside the graph; the parts of them that are read have no node.
struct ComputeGraph {
    /// A tensor of the graph, as an index into `nodes`.
    typealias Tensor = Int

    /// The number of elements along each dimension, the fastest first, and the bytes of one element.
    struct Shape: Hashable {
        var dimensions: [Int]
        var elementBytes = 4

        var bytes: Int { dimensions.reduce(elementBytes, *) }
    }

    enum Memory: Hashable {
        /// Its own memory, or that of a source without further readers if the operation allows it and the shapes agree.
        case own(mayReuse: Bool)
        /// Memory kept for the whole batch: the program fills it in before the graph runs.
        case input
        /// The memory of another tensor.
        case view(of: Tensor)
        /// Memory outside the graph, such as the cache.
        case elsewhere
    }

    struct Node {
        var shape: Shape
        var sources: [Tensor]
        var memory: Memory
        /// Whether the tensor is read after the graph has run, so that its memory is never reused.
        var isOutput = false
        /// Whether the result of an elementwise operation may overwrite the tensor that this one is a view of, once it
        /// has no other reader.
        var lendsPlace = false
    }

    private(set) var nodes: [Node] = []
    /// The inputs, and all other tensors in the order in which they are allocated and computed.
    private(set) var inputs: [Tensor] = []
    private(set) var order: [Tensor] = []
    private var isPlaced: [Bool] = []

    subscript(_ tensor: Tensor) -> Node { nodes[tensor] }

    mutating func input(_ dimensions: Int..., elementBytes: Int = 4) -> Tensor {
        add(Node(shape: Shape(dimensions: dimensions, elementBytes: elementBytes), sources: [], memory: .input))
    }

    /// Adds the result of an operation that needs memory.
    mutating func result(_ dimensions: [Int], from sources: [Tensor], mayReuse: Bool = false) -> Tensor {
        add(Node(shape: Shape(dimensions: dimensions), sources: sources, memory: .own(mayReuse: mayReuse)))
    }

    /// Adds a copy of a tensor in half precision.
    mutating func halved(_ tensor: Tensor) -> Tensor {
        let shape = Shape(dimensions: nodes[tensor].shape.dimensions, elementBytes: 2)
        return add(Node(shape: shape, sources: [tensor], memory: .own(mayReuse: false)))
    }

    /// Adds the result of an elementwise operation, which may overwrite its first source.
    mutating func update(_ tensor: Tensor, with others: Tensor...) -> Tensor {
        result(nodes[tensor].shape.dimensions, from: [tensor] + others, mayReuse: true)
    }

    mutating func view(_ tensor: Tensor, _ dimensions: Int...) -> Tensor { view(tensor, dimensions) }

    mutating func view(_ tensor: Tensor, _ dimensions: [Int]) -> Tensor {
        var root = tensor
        if case .view(let other) = nodes[tensor].memory { root = other }
        return add(Node(shape: Shape(dimensions: dimensions), sources: [tensor], memory: .view(of: root)))
    }

    /// Adds a view without gaps, from the start of the viewed tensor.
    mutating func lendingView(_ tensor: Tensor, _ dimensions: Int...) -> Tensor {
        add(Node(shape: Shape(dimensions: dimensions), sources: [tensor], memory: .view(of: tensor), lendsPlace: true))
    }

    mutating func store(_ tensor: Tensor, at places: Tensor) -> Tensor {
        add(Node(shape: nodes[tensor].shape, sources: [tensor, places], memory: .elsewhere))
    }

    mutating func markOutput(_ tensor: Tensor) { nodes[tensor].isOutput = true }

    /// Marks a tensor as needed: it is computed next, after those of its sources that are not computed yet.
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
