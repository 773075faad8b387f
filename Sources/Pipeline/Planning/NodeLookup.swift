import BinaryIO

/// Tells which nodes of a graph were made before, as far as products are known.
struct NodeLookup {
    private let cache: StepCache
    private(set) var products: [StepNode.Name: StepProduct] = [:]

    init(_ cache: StepCache) { self.cache = cache }

    /// What was made before of the same inputs: by the keys of what goes in, and then, where that is known, by its bytes.
    func product(of node: StepNode, in step: any Step) throws -> (product: StepProduct, isByContent: Bool)? {
        if let product = try cache.product(for: node.key.digest), step.isCurrent(product) { return (product, false) }
        guard let digest = contentDigest(of: node), let product = try cache.product(for: digest),
            step.isCurrent(product)
        else { return nil }
        return (product, true)
    }

    /// The key of a node by the bytes of what goes in; nil where that is not known, or nothing is made by others.
    func contentDigest(of node: StepNode) -> SHA256Digest? {
        node.key.digest { products[$0]?.digest }
    }

    mutating func note(_ product: StepProduct, of node: StepNode) { products[node.name] = product }
}
