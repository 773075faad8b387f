import BinaryIO
import SystemPackage

/// Tells which nodes of a graph are due, as far as products are known.
///
/// It asks in two directions. Forwards: of which nodes is there a record? That takes no file, since keys and digests are enough. Backwards,
/// from what is wanted: whose files does somebody need, a node that is due or the user? So a file between two steps need not be there
/// once everything that is made of it is.
struct NodeLookup {
    private let steps: [any Step]
    /// The nodes of each step; a key is worked out whenever a step is asked for its nodes.
    private let nodes: [[StepNode]]
    private let cache: StepCache
    /// The nodes that are asked for.
    let wanted: Set<StepNode.Name>
    /// Whether they are made again although they are known.
    private let isForced: Bool
    /// The pipeline's folder, in which files have names.
    private let workFolder: FilePath
    /// The nodes that are asked for, and all whose products they take, directly or through others.
    let needed: Set<StepNode.Name>
    /// What is known so far, made or found. Facts and digests hold; files are there if `ready` says so.
    private(set) var products: [StepNode.Name: StepProduct] = [:]
    /// Nodes whose files are where their products say.
    private(set) var ready: Set<StepNode.Name> = []
    /// Digests that nothing was found under; a run asks once.
    private var unknown: Set<SHA256Digest> = []
    /// What was due when it was last asked; nil once something was made since.
    private var lastDue: Set<StepNode.Name>?

    /// - Parameters:
    ///   - steps: in an order in which each stands behind those that it needs.
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

    /// The nodes that have to be made, as far as that shows now: what comes out of those before may spare some of them.
    mutating func due() throws -> Set<StepNode.Name> {
        if let lastDue { return lastDue }
        for (step, nodes) in zip(steps, nodes) {
            for node in nodes where isOpen(node) { try look(for: node, in: step) }
        }
        let due = try backwards()
        lastDue = due
        return due
    }

    /// Whether somebody may still find the node.
    private func isOpen(_ node: StepNode) -> Bool {
        needed.contains(node.name) && products[node.name] == nil && !(isForced && wanted.contains(node.name))
    }

    /// By the keys of what goes in, and then, where that is known, by its bytes.
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
        /// Nodes whose facts a due node may ask for, however far behind it.
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

    /// Files that are asked for themselves: nothing is made of them that has files, and nobody stores them elsewhere.
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

    /// The nodes whose products a node takes, directly or through others.
    func ancestors(of node: StepNode) -> Set<StepNode.Name> {
        var found = Set(node.inputs)
        for other in nodes.reversed().joined() where found.contains(other.name) {
            found.formUnion(other.inputs)
        }
        return found
    }

    /// The key of a node by the bytes of what goes in; nil where that is not known, or nothing is made by others.
    func contentDigest(of node: StepNode) -> SHA256Digest? {
        node.key.digest { products[$0]?.digest }
    }

    /// Looks again for nodes that another run may have made since.
    /// - Returns: those of them that are due nevertheless.
    mutating func stillDue(_ nodes: [StepNode]) throws -> [StepNode] {
        unknown.subtract(nodes.flatMap { [$0.key.digest, contentDigest(of: $0)] }.compactMap { $0 })
        lastDue = nil
        let due = try due()
        return nodes.filter { due.contains($0.name) }
    }

    /// Takes in what was made.
    mutating func note(_ product: StepProduct, of node: StepNode) {
        products[node.name] = product
        ready.insert(node.name)
        lastDue = nil
        // Another step may ask for the same.
        unknown.subtract([node.key.digest, contentDigest(of: node)].compactMap { $0 })
    }
}
