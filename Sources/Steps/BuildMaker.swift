import Architectures
import BinaryIO
import Pipeline
import Registry

/// A build that a step makes, as it is known before.
struct PlannedBuild {
    /// As it stands in the build's name; gates are named by it too.
    let type: String
    let node: StepNode
    /// How many weights it has.
    let weights: Int
}

extension [PlannedBuild] {
    /// The builds that some nodes of a step make something for, in the order of the nodes.
    func of(_ nodes: [StepNode]) -> [PlannedBuild] {
        nodes.compactMap { node in first { $0.type == node.name.build } }
    }
}

/// A step whose products are builds.
protocol BuildMaker: Step {
    var builds: [PlannedBuild] { get }

    /// What the model that the builds are made of gives for a text; nil where its headers do not tell.
    var modelKind: ModelKind? { get }

    /// What steps on the model take in memory.
    var memory: StepMemory { get }

    /// Sizes of the files of some builds, in their order. It takes a plan of every tensor, so it is asked only of what is due.
    /// - Throws: what reading the model and planning throw.
    func byteCounts(of types: [String]) throws -> [Int]

    /// From what a build was made, edge by edge, back to the source.
    func lineage(of node: StepNode, _ context: StepContext) -> [LineageEdge]

    /// What the tensors of the model cost that builds were chosen by; nil where none were.
    func costs(_ context: StepContext) throws -> SensitivityRecord?
}

extension BuildMaker {
    func costs(_ context: StepContext) throws -> SensitivityRecord? { nil }
}

extension StepContext {
    /// The build that a node made.
    func build(_ node: StepNode) throws -> BuildFile { try BuildFile(product(of: node.name)) }
}

extension LineageEdge {
    /// An edge to each file that a node made.
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
    /// Digests of files that somebody gave: a text, an importance matrix, a recipe; in the order of what they are to the step.
    var givenFiles: [SHA256Digest] {
        key.inputs.sorted { $0.key < $1.key }.compactMap { _, input in
            if case .file(let digest) = input { digest } else { nil }
        }
    }
}
