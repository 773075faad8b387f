import Architectures
import BinaryIO
import Evaluation
import Inference
import Pipeline
import SystemPackage

/// One of several pieces of a `validate` step's text: the scores of its tokens for each build, which the step itself
/// joins. So the machines of a cluster share one measurement. There is one node per build; builds that are due share
/// one pass of the model that they are compared with.
struct ValidatePieceStep: IntermediateStep {
    /// The step to which the pieces belong.
    let whole: ValidateStep
    let piece: TextPiece

    let kind = ValidateSettings.kind
    var id: String { "\(whole.id)\(Self.separator)\(piece.number + 1)" }
    var needs: [String] { whole.settings.needs }
    var nodes: [StepNode] { whole.made.map(node) }

    /// A character that no id in a file can contain.
    private static let separator: Character = "+"

    /// Returns the id of the step to which a piece belongs; any other id unchanged.
    static func owner(of id: String) -> String { String(id.prefix { $0 != separator }) }

    /// The facts about a piece that are stored beside its scores.
    struct Facts: Codable {
        /// The SHA-256 of the model that the build was compared with.
        let baseDigest: SHA256Digest?
    }

    func node(_ build: PlannedBuild) -> StepNode {
        var inputs = ["build": build.node.asInput, "text": .file(whole.text.digest)]
        if let base = whole.base { inputs["against"] = base.node.asInput }
        let settings = whole.settings
        let key = StepKey(
            kind: kind,
            version: ValidateStep.version,
            settings: [
                "type": build.type, "context": "\(settings.context)",
                "chunks": settings.chunks.map { "\($0)" } ?? "all", "cache": "f32",
                "piece": "\(piece.number + 1) of \(piece.count)",
            ],
            inputs: inputs
        )
        return StepNode(StepNode.Name(step: id, build: build.type), key)
    }

    func forecast(_ nodes: [StepNode], threads: Int) -> Forecast {
        let builds = whole.made.of(nodes)
        return Forecast(
            outputs: builds.map { Forecast.Output(name: $0.type, bytes: nil) },
            peakMemoryBytes: whole.peakMemory(builds, threads, pieces: piece.count),
            work: whole.work(for: builds, pieces: piece.count, threads: threads)
        )
    }

    func run(_ nodes: [StepNode], _ context: StepContext) throws -> [StepProduct] {
        let builds = try whole.made.of(nodes).map { try context.build($0.node) }
        let base = try whole.base.map { try context.build($0.node) }
        let models = try builds.map { try LanguageModel(path: $0.path) }
        if let kind = models.first?.shape.kind, let obstacle = whole.settings.obstacle(for: kind) {
            throw StepsError.badFile(obstacle)
        }
        let opened = try whole.models(builds, models, nodes, with: base, context)
        let scores = try whole.scores(of: piece, opened.subjects, with: opened.base, context) {
            try context.progress(ValidateStep.detail($0, $1), $2, $3)
        }
        return try nodes.indices.map { index in
            let piece = scores[index]
            let path = try context.folder(for: nodes[index]).appending("\(builds[index].type).scores")
            try piece.write(to: path)
            let facts = Facts(baseDigest: piece.isCompared ? base?.digest : nil)
            return try StepProduct(files: [path], facts: facts, outputs: [builds[index].type])
        }
    }
}
