import BinaryIO
import SystemPackage
import Work

/// A step of a pipeline, as the engine sees it: its nodes, their cost, and how they are made. The engine does not know
/// the kinds of steps.
package protocol Step: Sendable {
    /// The id in the pipeline file.
    var id: String { get }
    /// The key that introduces it in a pipeline file.
    var kind: String { get }
    /// The ids of the steps whose products it takes.
    var needs: [String] { get }
    /// The nodes in the order of the builds; they are known before anything runs.
    var nodes: [StepNode] { get }

    /// Estimates what the nodes will write and use. Sizes of files are exact.
    /// - Parameters:
    ///   - nodes: some of the step's own.
    ///   - threads: the number of threads that will work.
    func forecast(_ nodes: [StepNode], threads: Int) throws -> Forecast

    /// Makes the products of several nodes, which may share one pass over their inputs.
    /// - Returns: a product for each node, in their order.
    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct]

    /// Whether a recorded product is still valid, in addition to its files.
    func isCurrent(_ product: StepProduct) -> Bool

    /// Returns the reasons why a product must not be used, in words; empty if it may be used.
    func problems(with product: StepProduct) throws -> [String]

    /// Whether the step publishes its inputs to the registry: their files are not needed afterwards, and only a run
    /// with a registry runs the step.
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
    /// Called with remarks for the user that are not errors.
    package let remark: @Sendable (String) -> Void
    /// Called with the current work and its progress; throws when the user wants to stop.
    package let progress: WorkProgress
    /// The earlier products.
    var products: [StepNode.Name: StepProduct]
    /// The pipeline's folder, in which files have names.
    let workFolder: FilePath

    /// Returns the context with the earlier products.
    func knowing(_ products: [StepNode.Name: StepProduct]) -> StepContext {
        var context = self
        context.products = products
        return context
    }

    /// Returns the product of an input of a running node, or of an input's own input.
    package func product(of name: StepNode.Name) -> StepProduct {
        guard let product = products[name] else { preconditionFailure("\(name) runs after what takes its product") }
        return product
    }

    /// Returns the folder in which one node's files are made, creating it if missing. It may contain the files of an
    /// interrupted run.
    ///
    /// Finished files are moved out of it, because other runs may read them under their names meanwhile.
    /// - Throws: `FileError`.
    package func folder(for node: StepNode) throws -> FilePath {
        let folder = node.workshop(in: workFolder)
        try makeFolder(folder)
        return folder
    }
}
