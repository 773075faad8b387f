import BinaryIO
import Pipeline
import Settings
import Yams

/// How quality is measured on a text, and what it must reach.
public struct ValidateSettings: StepKind {
    /// The step whose builds are measured; a command measures one model.
    public var builds: String
    /// As the pipeline file writes its path.
    public var text: String
    /// Tokens of a window.
    public var context = 512
    /// At most this many windows; nil for all of the text.
    public var chunks: Int?
    /// The `convert` step to compare with.
    public var against: String?
    /// Multiple-choice tasks to answer too, as the pipeline file writes their path.
    public var tasks: String?
    /// By build type, such as "q4_k_m".
    public var gates: [String: QualityGate] = [:]

    package static let kind = "validate"
    package static let settings = [
        Setting("builds", "the `quantize` or `convert` step whose builds are measured", .files),
        Setting("text", "a UTF-8 text", help: "A UTF-8 text; the file of base logits holds its own."),
        .context,
        .chunks,
        Setting("against", "a `convert` step to compare with: adds KL divergence", standard: "none", .files),
        Setting("tasks", "multiple-choice tasks, lines of JSON: adds accuracy", standard: "none", .files),
        Setting("gates", "by build type, what a build must reach, see below", standard: "none", .files),
    ]

    package init(_ reader: SettingReader, _ references: StepReferences) {
        builds = references.areSteps ? references.builds("builds", in: reader) : ""
        text = (references.areSteps ? reader.requiredText("text") : reader.text("text")) ?? ""
        context = reader.context ?? context
        chunks = reader.chunks
        if reader.node("against") != nil { against = references.file("against", in: reader) }
        tasks = reader.text("tasks")
        if let node = reader.node("gates") {
            gates = QualityGate.gates(node, reader, of: self, types: references.buildTypes(of: builds))
        }
    }

    package var needs: [String] { [builds] + (against.map { [$0] } ?? []) }

    /// A model that was converted to its own precision has its gate under `auto`, for its type shows only later.
    func gate(for type: String) -> QualityGate? { gates[type] ?? gates["auto"] }

    func step(_ id: String, on bench: Workbench) throws -> any Step {
        let text = bench.path(text)
        return ValidateStep(
            id: id,
            settings: self,
            made: bench.builds(builds).builds,
            base: against.map(bench.conversion),
            text: ValidateStep.Source(path: text, digest: try bench.cache.digest(of: text)),
            tasks: try tasks.map { name in
                let path = bench.path(name)
                return ValidateStep.Source(path: path, digest: try bench.cache.digest(of: path))
            }
        )
    }
}
