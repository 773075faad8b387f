import GGUF

/// The shape of a model, from a GGUF file's metadata, checked so that later code may rely on it.
public struct ModelTraits: Sendable, Equatable {
    public let architecture: Architecture
    /// Width of the hidden state.
    public let embeddingLength: Int
    public let layers: [LayerTraits]
    /// Elements of one head.
    public let headLength: Int
    public let experts: ExpertTraits?
    /// Tokens that a short convolution sees; 0 in models without them.
    public let convolutionLength: Int
    /// Added to the mean square before its root is taken.
    public let epsilon: Float
    /// The context for which the model was trained, in tokens; nil where the file does not say.
    public let trainedContext: Int?
    /// Positions that the model learned one by one, in place of turning heads by them.
    public let learnedPositions: Int?
    public let rotary: RotaryTraits?
    /// The same in layers with a window.
    public let localRotary: RotaryTraits?
    /// Factors of embeddings, of what each part adds, of attention scores and of logits.
    public let embeddingScale: Float
    public let residualScale: Float
    public let attentionScale: Float
    public let logitScale: Float
    /// Bounds of attention scores and of logits; 0 for none.
    public let attentionCap: Float
    public let finalCap: Float

    var family: FamilyTraits { architecture.family }

    /// - Throws: `InferenceProblem`, or `GGUFProblem` for a missing key or a value of the wrong type.
    public init(_ metadata: Metadata) throws {
        try metadata.requireModel()
        let name = try metadata.string("general.architecture").required("general.architecture")
        guard let architecture = Architecture(rawValue: name) else {
            throw InferenceProblem.unsupportedArchitecture(name)
        }
        let keys = TraitReader(metadata: metadata, prefix: name)
        let family = architecture.family
        self.architecture = architecture
        let width = try keys.requiredPositive("embedding_length")
        embeddingLength = width
        experts = try ExpertTraits(keys, family)
        layers = try LayerTraits.all(keys, family, experts: experts)
        trainedContext = try keys.positive("context_length")
        let epsilonKey = "attention.layer_norm_\(family.norm == .rootMeanSquare ? "rms_" : "")epsilon"
        epsilon = try keys.float(epsilonKey).required(keys.key(epsilonKey))
        let headCount = layers.lazy.compactMap(\.attention?.headCount).first ?? 1
        headLength = try Self.headLength(keys, embeddingLength: width, headCount: headCount)
        learnedPositions = family.rotaryLayout == nil ? try keys.requiredPositive("context_length") : nil
        rotary = family.rotaryLayout == nil ? nil : try RotaryTraits(keys, headLength: headLength)
        localRotary = try rotary?.local(keys, family.localRotary)
        let hasShort = layers.contains { $0.attention == nil }
        convolutionLength = hasShort ? try keys.requiredPositive("shortconv.l_cache") : 0
        guard convolutionLength <= 64 else { throw keys.bad("shortconv.l_cache", convolutionLength, "at most 64") }

        if try metadata.bool(keys.key("attention.causal")) == false {
            throw InferenceProblem.unsupportedTrait(key: keys.key("attention.causal"), value: "false")
        }
        try keys.refuse(["attention.clamp_kqv", "attention.key_length_swa", "rope.dimension_count_swa"])
        if !family.hasScales {
            try keys.refuse(["attention.scale", "embedding_scale", "residual_scale", "logit_scale"])
        }
        func scale(_ name: String) throws -> Float {
            guard family.hasScales, let value = try keys.float(name), value != 0 else { return 1 }
            return value
        }
        embeddingScale = family.scalesEmbedding ? Float(width).squareRoot() : try scale("embedding_scale")
        residualScale = try scale("residual_scale")
        logitScale = 1 / (try scale("logit_scale"))
        let own = family.hasScales ? try keys.float("attention.scale") ?? 0 : 0
        let divisor = layers.count == family.layersOfLargest ? width / headCount : headLength
        attentionScale = own != 0 ? own : 1 / Float(divisor).squareRoot()
        if family.softCaps == nil { try keys.refuse(["attn_logit_softcapping", "final_logit_softcapping"]) }
        let caps = family.softCaps ?? SoftCaps()
        // Gemma 3 bounds logits alone.
        attentionCap = caps.attention == 0 ? 0 : try keys.float("attn_logit_softcapping") ?? caps.attention
        finalCap = family.softCaps == nil ? 0 : try keys.float("final_logit_softcapping") ?? caps.final
    }

    private static func headLength(_ keys: TraitReader, embeddingLength: Int, headCount: Int) throws -> Int {
        let length = try keys.positive("attention.key_length") ?? embeddingLength / headCount
        let valueLength = try keys.positive("attention.value_length") ?? length
        guard valueLength == length else {
            throw InferenceProblem.unsupportedTrait(key: keys.key("attention.value_length"), value: "\(valueLength)")
        }
        guard length > 0 else { throw keys.bad("attention.head_count", headCount, "at most the embedding length") }
        return length
    }
}

extension ModelTraits {
    /// The longest row of a feed-forward network, of experts too.
    var widestNetwork: Int {
        let dense = layers.map(\.feedForwardLength).max() ?? 0
        return max(dense, experts?.length ?? 0, experts?.sharedLength ?? 0)
    }

    /// The most columns of any matrix.
    var widestMatrix: Int {
        let heads = layers.compactMap(\.attention?.headCount).max() ?? 0
        return max(embeddingLength, heads * headLength, widestNetwork)
    }
}
