import Architectures
import BinaryIO
import Settings
import Yams

/// The limits that a build must meet to be published.
public struct QualityGate: Sendable, Codable, Equatable {
    /// The largest increase of perplexity over the model it is compared with, in percent.
    public var maxPerplexityIncrease: Double?
    /// The largest perplexity.
    public var maxPerplexity: Double?
    /// The largest number of bits per byte of text.
    public var maxBitsPerByte: Double?
    /// The channel whose version is compared with.
    public var over: String?
    /// The largest increase of bits per byte over that version's build of the same type, in percent.
    public var maxBitsPerByteIncrease: Double?
    /// The largest mean divergence, in nats per token.
    public var maxMeanKLD: Double?
    /// The smallest share of tokens for which both models rank the same token first, in percent.
    public var minSameTop: Double?
    /// The smallest accuracy, in percent.
    public var minAccuracy: Double?
    /// The smallest share of questions that a chat model must answer correctly, in percent.
    public var minAnswered: Double?
    /// The smallest mean cosine of an embedding model, from 0 to 1.
    public var minMeanCosine: Double?
    /// The smallest share of the ten nearest texts that must stay for an embedding model, in percent.
    public var minTop10Overlap: Double?

    /// Whether the gate needs a model to compare with.
    var needsBase: Bool { [maxPerplexityIncrease, maxMeanKLD, minSameTop].contains { $0 != nil } || asksForVectors }

    /// Whether the gate uses the measures of embedding models.
    private var asksForVectors: Bool { minMeanCosine != nil || minTop10Overlap != nil }

    /// The gate with only the limits that are decided by the text, without those of accuracy, answers and vectors.
    var ofText: QualityGate {
        var gate = self
        (gate.minAccuracy, gate.minAnswered) = (nil, nil)
        (gate.minMeanCosine, gate.minTop10Overlap) = (nil, nil)
        return gate
    }

    /// Whether the gate has such limits.
    var decidesOnText: Bool {
        [maxPerplexityIncrease, maxPerplexity, maxBitsPerByte, maxBitsPerByteIncrease, maxMeanKLD, minSameTop]
            .contains { $0 != nil }
    }

    private static let languageSettings = [
        "max-perplexity-increase", "max-perplexity", "max-bits-per-byte", "max-bits-per-byte-increase",
        "over", "max-mean-kld", "min-same-top",
        "min-accuracy", "min-answered",
    ]
    private static let embeddingSettings = ["min-mean-cosine", "min-top10-overlap"]
    static let settings = languageSettings + embeddingSettings

    /// Returns the reason why the gate needs figures that a model of this kind does not have, with the settings that
    /// would work; nil if it does not.
    func obstacle(for kind: ModelKind) -> String? {
        let ofLanguage: [(String, Double?)] = [
            ("max-perplexity-increase", maxPerplexityIncrease), ("max-perplexity", maxPerplexity),
            ("max-bits-per-byte", maxBitsPerByte), ("max-bits-per-byte-increase", maxBitsPerByteIncrease),
            ("max-mean-kld", maxMeanKLD), ("min-same-top", minSameTop),
            ("min-accuracy", minAccuracy), ("min-answered", minAnswered),
        ]
        let ofEmbedding: [(String, Double?)] = [
            ("min-mean-cosine", minMeanCosine), ("min-top10-overlap", minTop10Overlap),
        ]
        func words(_ wrong: [(String, Double?)], _ others: String, _ right: String) -> String? {
            guard let name = wrong.first(where: { $0.1 != nil })?.0 else { return nil }
            return "'\(name)' is a gate for \(others), and this model is \(kind.words). Use \(right)."
        }
        return kind == .language
            ? words(ofEmbedding, "embedding models", "max-mean-kld, min-same-top or max-perplexity-increase")
            : words(ofLanguage, "language models", "min-mean-cosine or min-top10-overlap")
    }

    /// Reads the gates of a step by build type.
    /// - Parameter types: the types of the builds that are measured.
    static func gates(
        _ node: Node,
        _ reader: SettingReader,
        of step: ValidateSettings,
        types: [String]
    ) -> [String: QualityGate] {
        reader.gates(node, of: step.builds, types: types, known: settings) { key, values in
            let gate = QualityGate(
                maxPerplexityIncrease: values.percent("max-perplexity-increase"),
                maxPerplexity: values.number("max-perplexity"),
                maxBitsPerByte: values.number("max-bits-per-byte"),
                over: values.text("over"),
                maxBitsPerByteIncrease: values.percent("max-bits-per-byte-increase"),
                maxMeanKLD: values.number("max-mean-kld"),
                minSameTop: values.percent("min-same-top"),
                minAccuracy: values.percent("min-accuracy"),
                minAnswered: values.percent("min-answered"),
                minMeanCosine: values.number("min-mean-cosine"),
                minTop10Overlap: values.percent("min-top10-overlap")
            )
            if let cosine = gate.minMeanCosine, cosine > 1, let place = values.node("min-mean-cosine") {
                reader.report(
                    "a cosine is at most 1. Give 'min-mean-cosine' a number from 0 to 1, such as 0.995.",
                    at: place
                )
            }
            if gate.obstacle(for: .language) != nil, let other = gate.obstacle(for: .embedding) {
                reader.report("no model has all of these figures: \(other)", at: key)
            }
            if gate.needsBase, step.against == nil {
                reader.report("this gate compares with another model. Name its step with 'against'.", at: key)
            }
            if gate.maxBitsPerByteIncrease != nil, gate.over == nil {
                reader.report(
                    "this gate compares with a published version. Name the channel that points to it with 'over'.",
                    at: key
                )
            }
            if gate.minAccuracy != nil, step.tasks == nil {
                reader.report("this gate asks for accuracy. Name the file of the tasks with 'tasks'.", at: key)
            }
            if gate.minAnswered != nil, step.questions == nil {
                reader.report("this gate asks for answers. Name the file of the questions with 'questions'.", at: key)
            }
            return gate
        }
    }
}
