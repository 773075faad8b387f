import BinaryIO
import Pipeline
import Recipes
import Settings

/// Settings for computing the cost of quantizing each tensor of a model.
public struct SensitivitySettings: StepKind {
    /// The `convert` step whose file is read.
    public var model: String
    /// The file's path as written in the pipeline file.
    public var text: String
    /// The types to compare.
    public var ladder = TypeLadder.k
    /// The number of tokens per window.
    public var context = 512
    /// The number of windows for which gradients are computed.
    public var chunks = 16
    /// The seed for sampling labels.
    public var seed = 0

    package static let kind = "sensitivity"
    package static let settings = [
        .model("the `convert` step whose file is read"),
        Setting(
            "text",
            "a UTF-8 text that is like what the model will read; its last quarter is not read",
            takes: .path,
            isRequired: true
        ),
        Setting(
            "ladder",
            "the types that `auto` builds choose from: k, the K types, which phones multiply fast; all; or a list such as q3_k,q4_k",
            standard: "k"
        ),
        .context,
        Setting("chunks", "at most this many windows", standard: "16", takes: .integer(Setting.chunkCounts)),
        Setting(
            "seed",
            "of the labels that are drawn from the model's own predictions",
            standard: "0",
            takes: .integer(seeds)
        ),
    ]

    private static let seeds = 0...(1 << 60)

    package init(_ reader: SettingReader, _ references: StepReferences) {
        model = references.areSteps ? references.file("model", in: reader) : ""
        text = reader.requiredText("text") ?? ""
        if let name = reader.text("ladder"), let place = reader.node("ladder") {
            if let found = TypeLadder(name) {
                ladder = found
            } else {
                reader.report(
                    "'\(name)' is not a known ladder. Take k, all, or tensor types with commas between.",
                    at: place
                )
            }
        }
        context = reader.context ?? context
        chunks = reader.chunks ?? chunks
        seed = reader.integer("seed", in: Self.seeds) ?? seed
    }

    package var needs: [String] { [model] }

    func step(_ id: String, on bench: Workbench) throws -> any Step {
        let path = bench.path(text)
        return SensitivityStep(
            id: id,
            settings: self,
            model: bench.conversion(model),
            text: path,
            textInput: try bench.file(path)
        )
    }
}
