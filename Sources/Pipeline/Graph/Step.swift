import BinaryIO
import SystemPackage
import Work

/// A step of a pipeline, as the engine sees it: the nodes that it is made of, what they cost, and how they are made. What
/// kinds there are, the engine does not know.
package protocol Step: Sendable {
    /// What the pipeline file calls it.
    var id: String { get }
    /// The key that introduces it in a pipeline file.
    var kind: String { get }
    /// The ids of the steps whose products it takes.
    var needs: [String] { get }
    /// In the order of the builds; known before anything runs.
    var nodes: [StepNode] { get }

    /// What the nodes will write and take. Sizes of files are exact.
    /// - Parameters:
    ///   - nodes: some of the step's own.
    ///   - threads: how many will work.
    func forecast(_ nodes: [StepNode], threads: Int) throws -> Forecast

    /// Makes the products of several nodes, which may share one pass over what they read.
    /// - Returns: a product for each node, in their order.
    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct]

    /// Whether a product that was remembered still stands for what it says, beyond its files.
    func isCurrent(_ product: StepProduct) -> Bool

    /// What keeps a product from being used further, in words; empty where it may be.
    func problems(with product: StepProduct) throws -> [String]

    /// Whether the step puts what it takes into the registry: nobody needs the files any more then, and only a run with a registry makes
    /// it.
    var publishes: Bool { get }
}

extension Step {
    package var publishes: Bool { false }
    package func isCurrent(_ product: StepProduct) -> Bool { true }
    package func problems(with product: StepProduct) -> [String] { [] }
}

/// What a step may use while it runs.
package struct StepContext: Sendable {
    package let threads: Int
    /// Told what somebody should know although all goes well.
    package let remark: @Sendable (String) -> Void
    /// Told what is being worked on and how far it is; throws when the user wants to stop.
    package let progress: WorkProgress
    /// What was made before.
    var products: [StepNode.Name: StepProduct]
    /// The pipeline's folder, in which files have names.
    let workFolder: FilePath

    /// The same context with what was made before.
    func knowing(_ products: [StepNode.Name: StepProduct]) -> StepContext {
        var context = self
        context.products = products
        return context
    }

    /// The product of a node that one of the running nodes takes, or that one of those took.
    package func product(of name: StepNode.Name) -> StepProduct {
        guard let product = products[name] else { preconditionFailure("\(name) runs after what takes its product") }
        return product
    }

    /// A folder in which one node's files are made; made if it is not there. What an interrupted run left is still in it.
    ///
    /// Finished files move out of it: other runs read those under their names meanwhile.
    /// - Throws: `FileError`.
    package func folder(for node: StepNode) throws -> FilePath {
        let folder = node.workshop(in: workFolder)
        try makeFolder(folder)
        return folder
    }
}
