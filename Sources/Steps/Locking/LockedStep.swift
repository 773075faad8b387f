import BinaryIO
import Pipeline
import Registry

/// A step whose files must match a lock. A cached product that differs is made again, and a new product that differs
/// ends the run before it is used.
struct LockedStep: Step {
    private let step: any Step
    private let lock: PipelineLock

    init(_ step: any Step, _ lock: PipelineLock) { (self.step, self.lock) = (step, lock) }

    var id: String { step.id }
    var kind: String { step.kind }
    var needs: [String] { step.needs }
    var nodes: [StepNode] { step.nodes }
    var publishes: Bool { step.publishes }

    func forecast(_ nodes: [StepNode], threads: Int) throws -> Forecast {
        try step.forecast(nodes, threads: threads)
    }

    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        let products = try step.run(nodes, context)
        for (node, product) in zip(nodes, products) {
            let made = product.lockedFiles
            for (file, digest) in files(of: node).sorted(by: { $0.key < $1.key }) where made[file] != digest {
                throw LockError.otherBytes(
                    step: "\(node.name)",
                    file: file,
                    locked: digest,
                    made: made[file],
                    lockedBy: lock.edgepipe,
                    version: Edgepipe.version
                )
            }
        }
        return products
    }

    func isCurrent(_ product: StepProduct) -> Bool {
        guard step.isCurrent(product) else { return false }
        let made = product.lockedFiles
        return made.isEmpty
            || step.nodes.contains { node in
                let locked = files(of: node)
                return locked.isEmpty || locked == made
            }
    }

    func problems(with product: StepProduct) throws -> [String] { try step.problems(with: product) }

    private func files(of node: StepNode) -> [String: SHA256Digest] { lock.nodes["\(node.name)"]?.files ?? [:] }
}
