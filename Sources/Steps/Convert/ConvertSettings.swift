import BinaryIO
import Conversion
import Pipeline
import Settings
import Yams

/// Settings for converting a Hugging Face folder to GGUF, or a GGUF file to another precision.
public struct ConvertSettings: StepKind {
    /// The precision; nil keeps that of the checkpoint.
    public var type: ConvertedType?
    /// The pre-tokenizer's name in llama.cpp; nil to detect it.
    public var preTokenizer: String?
    /// Whether the file is written. Quantization does not need it: it converts the weights as it reads them.
    public var keepsFile = true
    /// Whether infinite and NaN weights are accepted.
    public var allowsNonFinite = false
    /// The vocabulary size to use if tokenizer and embeddings disagree.
    public var padding: VocabularyPadding?
    /// Whether the dense modules after an embedding model are included.
    public var includesDenseModules = false

    package static let kind = "convert"
    package static let settings = [
        Setting(
            "type",
            "f32, f16, bf16, q8_0, or auto: the checkpoint's own precision",
            standard: "auto",
            takes: .choice(types),
            help: "Type of the weight matrices."
        ),
        Setting("pre", "the pre-tokenizer's name, where it is not recognized", standard: "recognized"),
        Setting(
            "keep",
            "false writes no file: `quantize` takes the weights as they are converted, to the same bytes",
            standard: "true",
            .files,
            takes: .flag
        ),
        Setting(
            "allow-nonfinite",
            "keep infinities and NaN among the weights, which are refused otherwise",
            standard: "false",
            takes: .flag
        ),
        Setting(
            "pad-vocab",
            "tokens that the model is to have, where tokenizer and embeddings count differently: a number, `x64` for the next "
                + "multiple of 64, or auto for the larger count; missing tokens get no text, missing rows the mean of all",
            standard: "as they are",
            takes: .any([
                .integer(1...VocabularyPadding.limit), .choice(["auto"]), .pattern("^x[1-9][0-9]*$", example: "x64"),
            ]),
            help:
                "Make tokenizer and embeddings count as many tokens: a number, x64 for a multiple of 64, or auto for the "
                + "larger count. Missing tokens get no text, missing rows the mean of all rows."
        ),
        Setting(
            "dense-modules",
            "keep sentence-transformers' dense modules behind EmbeddingGemma, which are left out otherwise",
            standard: "false",
            takes: .flag
        ),
    ]

    /// The types that a model can be converted to; `auto` comes first.
    public static var types: [String] { ["auto"] + ConvertedType.allCases.map { $0.rawValue } }

    /// Creates settings that keep the checkpoint's own precision and write a file.
    public init() {}

    package init(_ reader: SettingReader, _ references: StepReferences) {
        if let name = reader.text("type"), let place = reader.node("type"), name.lowercased() != "auto" {
            type = ConvertedType(rawValue: name.lowercased())
            if type == nil {
                let advice = Spelling.advice(for: name, among: Self.types)
                reader.report("'\(name)' is not a known type to convert to. \(advice)", at: place)
            }
        }
        preTokenizer = reader.text("pre")
        keepsFile = reader.flag("keep") ?? true
        allowsNonFinite = reader.flag("allow-nonfinite") ?? false
        if let text = reader.text("pad-vocab"), let place = reader.node("pad-vocab") {
            padding = VocabularyPadding(text)
            if padding == nil {
                reader.report(
                    "'\(text)' is not a number of tokens. Take a number such as 32064, x64, or auto.",
                    at: place
                )
            }
        }
        includesDenseModules = reader.flag("dense-modules") ?? false
    }

    package var needs: [String] { [] }

    func step(_ id: String, on bench: Workbench) throws -> any Step { try ConvertStep(id, self, bench.source) }
}
