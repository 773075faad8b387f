import BinaryIO
import SystemPackage

/// Finds the nodes of a graph that are due, as far as products are known.
///
/// It looks in two directions. Forwards: which nodes have a record? That needs no file, because keys and digests are
/// enough. Backwards, from the wanted nodes: which files are needed, by a due node or by the user? So a file between
/// two steps may be missing if everything made from it exists.
struct NodeLookup {
    private let steps: [any Step]
    /// The nodes of each step, stored because a step computes their keys on every access.
    private let nodes: [[StepNode]]
    private let cache: StepCache
    /// The requested nodes.
    let wanted: Set<StepNode.Name>
    /// Whether they are made again even if they are cached.
    private let isForced: Bool
    /// The pipeline's folder, in which files have names.
    private let workFolder: FilePath
    /// The requested nodes and all nodes whose products they use, directly or indirectly.
    let needed: Set<StepNode.Name>
    /// The products known so far, made or found. Facts and digests are valid; files only exist for nodes in `ready`.
    private(set) var products: [StepNode.Name: StepProduct] = [:]
    /// The nodes whose files exist where their products say.
    private(set) var ready: Set<StepNode.Name> = []
    /// Digests without a record; a run looks each up once.
    private var unknown: Set<SHA256Digest> = []
    /// The last result of `due`; nil after a product was made since.
    private var lastDue: Set<StepNode.Name>?

    /// - Parameters:
    ///   - steps: in an order in which each comes after those that it needs.
    ///   - workFolder: the pipeline's folder, in which files have names.
    init(
        _ steps: [any Step],
        _ cache: StepCache,
        wanted: Set<StepNode.Name>,
        isForced: Bool = false,
        workFolder: FilePath
    ) {
        (self.steps, self.cache, self.wanted) = (steps, cache, wanted)
        nodes = steps.map(\.nodes)
        (self.isForced, self.workFolder) = (isForced, workFolder)
        var needed = wanted
        for node in nodes.reversed().joined() where needed.contains(node.name) {
            needed.formUnion(node.inputs)
        }
        self.needed = needed
    }

    /// Returns the nodes that must be made, as far as is known now: the outputs of earlier nodes may make some of them
    /// unnecessary.
    mutating func due() throws -> Set<StepNode.Name> {
        if let lastDue { return lastDue }
        for (step, nodes) in zip(steps, nodes) {
            for node in nodes where isOpen(node) { try look(for: node, in: step) }
        }
        let due = try backwards()
        lastDue = due
        return due
    }

    /// Whether the node may still be found.
    private func isOpen(_ node: StepNode) -> Bool {
        needed.contains(node.name) && products[node.name] == nil && !(isForced && wanted.contains(node.name))
    }

    /// Looks a node up by the keys of its inputs, and then, if it is known, by their content.
    private mutating func look(for node: StepNode, in step: any Step) throws {
        let folder = node.folder(in: workFolder)
        let digests: [SHA256Digest?] = [node.key.digest, contentDigest(of: node)]
        for (index, digest) in digests.enumerated() {
            guard let digest, !unknown.contains(digest) else { continue }
            guard let product = try cache.product(for: digest, in: folder), step.isCurrent(product) else {
                unknown.insert(digest)
                continue
            }
            products[node.name] = product
            // The next run finds it without knowing its inputs.
            if index > 0 { try cache.note(product, under: node.key.digest, of: node.key) }
            return
        }
    }

    private mutating func backwards() throws -> Set<StepNode.Name> {
        var due: Set<StepNode.Name> = []
        var fileUsers = filesForTheUser
        /// The nodes whose facts a due node may read, however far before it.
        var behind: Set<StepNode.Name> = []
        for node in nodes.reversed().joined() where needed.contains(node.name) {
            let needsRecord = wanted.contains(node.name) || behind.contains(node.name)
            if try isDue(node, needsRecord: needsRecord, needsFiles: fileUsers.contains(node.name)) {
                due.insert(node.name)
                fileUsers.formUnion(node.inputs)
            } else if !behind.contains(node.name) {
                continue
            }
            behind.formUnion(node.inputs)
        }
        return due
    }

    private mutating func isDue(_ node: StepNode, needsRecord: Bool, needsFiles: Bool) throws -> Bool {
        guard let product = products[node.name] else { return needsRecord || needsFiles }
        guard needsFiles, !ready.contains(node.name) else { return false }
        guard try cache.obtain(product) else { return true }
        ready.insert(node.name)
        return false
    }

    /// The nodes whose files the user requested: no node with files is made from them, and no step publishes them.
    private var filesForTheUser: Set<StepNode.Name> {
        var files = wanted
        for (step, nodes) in zip(steps, nodes) {
            if step is any IntermediateStep { files.subtract(nodes.map(\.name)) }
            for node in nodes where needed.contains(node.name) {
                let isCarried = step.publishes || products[node.name]?.files.isEmpty == false
                if isCarried { files.subtract(node.inputs) }
            }
        }
        return files
    }

    /// Returns the nodes whose products a node uses, directly or indirectly.
    func ancestors(of node: StepNode) -> Set<StepNode.Name> {
        var found = Set(node.inputs)
        for other in nodes.reversed().joined() where found.contains(other.name) {
            found.formUnion(other.inputs)
        }
        return found
    }

    /// Returns the key of a node by the content of its inputs; nil if that is not known, or no input is a product.
    func contentDigest(of node: StepNode) -> SHA256Digest? {
        node.key.digest { products[$0]?.digest }
    }

    /// Looks again for nodes that another run may have made since.
    /// - Returns: those that are still due.
    mutating func stillDue(_ nodes: [StepNode]) throws -> [StepNode] {
        unknown.subtract(nodes.flatMap { [$0.key.digest, contentDigest(of: $0)] }.compactMap { $0 })
        lastDue = nil
        let due = try due()
        return nodes.filter { due.contains($0.name) }
    }

    /// Adds a product.
    mutating func note(_ product: StepProduct, of node: StepNode) {
        products[node.name] = product
        ready.insert(node.name)
        lastDue = nil
        // Another step may need the same product.
        unknown.subtract([node.key.digest, contentDigest(of: node)].compactMap { $0 })
    }
}
