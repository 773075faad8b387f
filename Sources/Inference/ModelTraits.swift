import GGUF

/// The shape of a model, from a GGUF file's metadata, checked so that later code may rely on it.
public struct ModelTraits: Sendable, Equatable {
    public let architecture: Architecture
    /// Width of the hidden state.
    public let embeddingLength: Int
    public let layerCount: Int
    /// Attention heads, and heads of keys and values, per layer.
    public let headCounts: [Int]
    public let keyValueHeadCounts: [Int]
    /// Width of the feed-forward network, per layer.
    public let feedForwardLengths: [Int]
    /// Elements of one head.
    public let headLength: Int
    /// Added to the mean square before its root is taken.
    public let epsilon: Float
    /// The context for which the model was trained, in tokens; nil where the file does not say.
    public let trainedContext: Int?
    public let rotary: RotaryTraits

    /// Far beyond any model; keeps a damaged file from asking for huge tables.
    static let mostLayers = 4096

    /// - Throws: `InferenceProblem`, or `GGUFProblem` for a missing key or a value of the wrong type.
    public init(_ metadata: Metadata) throws {
        let name = try metadata.string("general.architecture").required("general.architecture")
        guard let architecture = Architecture(rawValue: name) else {
            throw InferenceProblem.unsupportedArchitecture(name)
        }
        let keys = TraitReader(metadata: metadata, prefix: name)
        self.architecture = architecture
        embeddingLength = try keys.positive("embedding_length").required("\(name).embedding_length")
        let layerCount = try keys.positive("block_count").required("\(name).block_count")
        guard layerCount <= Self.mostLayers else {
            throw keys.bad("block_count", layerCount, "at most \(Self.mostLayers)")
        }
        self.layerCount = layerCount
        let headCounts = try keys.perLayer("attention.head_count", count: layerCount)
            .required("\(name).attention.head_count")
        self.headCounts = headCounts
        keyValueHeadCounts = try keys.perLayer("attention.head_count_kv", count: layerCount) ?? headCounts
        feedForwardLengths = try keys.perLayer("feed_forward_length", count: layerCount)
            .required("\(name).feed_forward_length")
        trainedContext = try keys.positive("context_length")
        epsilon = try keys.float("attention.layer_norm_rms_epsilon")
            .required("\(name).attention.layer_norm_rms_epsilon")
        guard epsilon.isFinite, epsilon >= 0 else {
            throw keys.bad("attention.layer_norm_rms_epsilon", epsilon, "a small number")
        }
        for (heads, keyValueHeads) in zip(headCounts, keyValueHeadCounts) where !heads.isMultiple(of: keyValueHeads) {
            throw keys.bad("attention.head_count_kv", keyValueHeads, "a divisor of the head count \(heads)")
        }
        headLength = try Self.headLength(keys, embeddingLength: embeddingLength, headCount: headCounts[0])
        rotary = try RotaryTraits(keys, headLength: headLength)
        try keys.refuse(["expert_count", "attention.clamp_kqv", "attn_logit_softcapping", "final_logit_softcapping"])
        try keys.refuse(["attention.scale", "embedding_scale", "residual_scale", "logit_scale"])
    }

    private static func headLength(_ keys: TraitReader, embeddingLength: Int, headCount: Int) throws -> Int {
        let length = try keys.positive("attention.key_length") ?? embeddingLength / headCount
        let valueLength = try keys.positive("attention.value_length") ?? length
        guard valueLength == length else {
            throw InferenceProblem.unsupportedTrait(key: "attention.value_length", value: "\(valueLength)")
        }
        guard length > 0 else { throw keys.bad("attention.head_count", headCount, "at most the embedding length") }
        return length
    }
}

/// Reads one architecture's metadata keys and refuses absurd values.
struct TraitReader {
    let metadata: Metadata
    let prefix: String
    /// No model comes near; larger numbers would only overflow later products.
    static let largest = 1 << 24

    func key(_ name: String) -> String { "\(prefix).\(name)" }

    func bad(_ name: String, _ value: some CustomStringConvertible, _ expected: String) -> InferenceProblem {
        .badTrait(key: key(name), value: value.description, expected: expected)
    }

    func positive(_ name: String) throws -> Int? {
        guard let value = try metadata.integer(key(name)) else { return nil }
        guard (1...Self.largest).contains(value) else { throw bad(name, value, "1 to \(Self.largest)") }
        return value
    }

    func float(_ name: String) throws -> Float? { try metadata.float(key(name)) }

    /// A positive number for each layer; a single one holds for all.
    func perLayer(_ name: String, count: Int) throws -> [Int]? {
        guard case .array? = metadata[key(name)] else {
            return try positive(name).map { Array(repeating: $0, count: count) }
        }
        guard let values = try metadata.integers(key(name)) else { return nil }
        guard values.count == count else { throw bad(name, "an array of \(values.count)", "one number per layer") }
        for value in values where !(1...Self.largest).contains(value) {
            throw bad(name, value, "1 to \(Self.largest)")
        }
        return values
    }

    /// Refuses keys that would change the result and are not computed, unless they are zero.
    func refuse(_ names: [String]) throws {
        for name in names {
            guard let value = metadata[key(name)] else { continue }
            let number = value.float ?? value.integer.map { Float($0) }
            if number != 0 {
                let text = number.map { "\($0)" } ?? value.typeName
                throw InferenceProblem.unsupportedTrait(key: key(name), value: text)
            }
        }
    }
}
