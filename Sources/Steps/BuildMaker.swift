import Architectures
import BinaryIO
import Pipeline
import Registry

/// A build that a step will make.
struct PlannedBuild {
    /// The type as written in the build's name, which also names its gates.
    let type: String
    let node: StepNode
    /// The number of weights.
    let weights: Int
}

extension [PlannedBuild] {
    /// Returns the builds that belong to some nodes of a step, in the order of the nodes.
    func of(_ nodes: [StepNode]) -> [PlannedBuild] {
        nodes.compactMap { node in first { $0.type == node.name.build } }
    }
}

/// A step whose products are builds.
protocol BuildMaker: Step {
    var builds: [PlannedBuild] { get }

    /// The kind of output of the model that the builds are made from; nil if its headers do not contain it.
    var modelKind: ModelKind? { get }

    /// The memory that steps on the model need.
    var memory: StepMemory { get }

    /// Returns the file sizes of the given builds, in their order, in bytes. This plans every tensor, so it is called
    /// only for builds that are due.
    /// - Throws: the errors of reading the model and of planning.
    func byteCounts(of types: [String]) throws -> [Int]

    /// Returns the lineage of a build, edge by edge, back to the source.
    func lineage(of node: StepNode, _ context: StepContext) -> [LineageEdge]

    /// Returns the costs of the model's tensors by which builds were chosen; nil if none were chosen by cost.
    func costs(_ context: StepContext) throws -> SensitivityRecord?
}

extension BuildMaker {
    func costs(_ context: StepContext) throws -> SensitivityRecord? { nil }
}

extension StepContext {
    /// Returns the build that a node made.
    func build(_ node: StepNode) throws -> BuildFile { try BuildFile(product(of: node.name)) }
}

extension LineageEdge {
    /// Returns an edge from each origin to each file that a node made.
    static func edges(from origins: [SHA256Digest], to node: StepNode, _ context: StepContext) -> [LineageEdge] {
        origins.flatMap { origin in
            context.product(of: node.name).files.map { file in
                LineageEdge(
                    from: origin,
                    stepKind: node.key.kind,
                    to: file.digest,
                    optionsDigest: node.key.settingsDigest
                )
            }
        }
    }
}

extension StepNode {
    /// The digests of user-supplied files (a text, an importance matrix, a recipe), in the order of their roles in the
    /// step.
    var givenFiles: [SHA256Digest] {
        key.inputs.sorted { $0.key < $1.key }.compactMap { _, input in
            if case .file(let digest) = input { digest } else { nil }
        }
    }
}
