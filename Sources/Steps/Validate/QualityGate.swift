import BinaryIO
import Settings
import Yams

/// What a build must reach to be published.
public struct QualityGate: Sendable, Codable, Equatable {
    /// Largest increase of perplexity over the model it is compared with, in percent.
    public var maxPerplexityIncrease: Double?
    /// Largest perplexity.
    public var maxPerplexity: Double?
    /// Largest number of bits per byte of text.
    public var maxBitsPerByte: Double?
    /// Nats per token.
    public var maxMeanKLD: Double?
    /// In percent.
    public var minSameTop: Double?
    /// In percent.
    public var minAccuracy: Double?

    /// Whether the gate needs a model to compare with.
    var needsBase: Bool { maxPerplexityIncrease != nil || maxMeanKLD != nil || minSameTop != nil }

    private static let settings = [
        "max-perplexity-increase", "max-perplexity", "max-bits-per-byte", "max-mean-kld", "min-same-top",
        "min-accuracy",
    ]

    /// Reads the gates of a step, by build type.
    /// - Parameter types: of the builds that are measured.
    static func gates(
        _ node: Node,
        _ reader: SettingReader,
        of step: ValidateSettings,
        types: [String]
    ) -> [String: QualityGate] {
        guard let mapping = node.mapping else {
            reader.report("'gates' must be a mapping from build types to what they must reach.", at: node)
            return [:]
        }
        var gates: [String: QualityGate] = [:]
        for (key, value) in mapping {
            let type = (key.string ?? "").lowercased()
            if !types.contains(type) {
                let advice = Spelling.advice(for: type, among: types)
                reader.report("step '\(step.builds)' makes no build '\(type)'. \(advice)", at: key)
            }
            guard let values = reader.inner(value, "a gate", known: settings) else { continue }
            let gate = QualityGate(
                maxPerplexityIncrease: values.percent("max-perplexity-increase"),
                maxPerplexity: values.number("max-perplexity"),
                maxBitsPerByte: values.number("max-bits-per-byte"),
                maxMeanKLD: values.number("max-mean-kld"),
                minSameTop: values.percent("min-same-top"),
                minAccuracy: values.percent("min-accuracy")
            )
            if gate.needsBase, step.against == nil {
                reader.report("this gate compares with another model. Name its step with 'against'.", at: key)
            }
            if gate.minAccuracy != nil, step.tasks == nil {
                reader.report("this gate asks for accuracy. Name the file of the tasks with 'tasks'.", at: key)
            }
            gates[type] = gate
        }
        return gates
    }
}
