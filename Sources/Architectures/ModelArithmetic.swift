import GGUF

/// The constants of a model's computation that affect results but not memory.
public struct ModelArithmetic: Sendable, Equatable {
    /// Added to the mean square before its root is taken.
    public let epsilon: Float
    /// The number of learned positions; nil for a model without them.
    public let learnedPositions: Int?
    /// The rotary embedding; nil for a model without one.
    public let rotary: RotaryRule?
    /// The rotary embedding in layers with a window; nil for a model without one.
    public let localRotary: RotaryRule?
    /// Whether factors of the rotary embedding also apply in layers with a window that rotate like the others.
    public let localTakesFactors: Bool
    /// The factor of embeddings.
    public let embeddingScale: Float
    /// The factor of each part's output before it is added to the hidden state.
    public let residualScale: Float
    /// The factor of attention scores.
    public let attentionScale: Float
    /// The factor of logits.
    public let logitScale: Float
    /// The scaling of queries with their position; nil for none.
    public let temperature: TemperatureRule?
    /// The soft cap of attention scores; 0 for none.
    public let attentionCap: Float
    /// The soft cap of logits; 0 for none.
    public let finalCap: Float

    /// - Throws: `ShapeProblem` for an architecture that this program does not run, and for values that it does not
    ///   support; `GGUFProblem` for a missing key or a value of the wrong type.
    public init(_ metadata: Metadata, of shape: ModelShape) throws {
        try shape.architecture.requireInFull()
        let family = shape.architecture.family
        let keys = ShapeReader(metadata, shape.architecture)
        try Self.refuseUncomputed(keys, family, shape)
        let epsilonKey = "attention.layer_norm_\(family.norm == .rootMeanSquare ? "rms_" : "")epsilon"
        let other = family.takesEitherEpsilon ? try keys.float("attention.layer_norm_epsilon") : nil
        epsilon = try (keys.float(epsilonKey) ?? other).required(keys.key(epsilonKey))
        learnedPositions = family.rotaryLayout == nil ? try keys.requiredPositive("context_length") : nil
        let layout = family.lacksPositions ? nil : family.rotaryLayout
        rotary = try layout.map { try RotaryRule(keys, family, layout: $0, headLength: shape.headLength) }
        localRotary = try rotary?.local(
            keys,
            family,
            headLength: shape.attentions.first { $0.window != nil }?.keyLength
        )
        localTakesFactors = !family.hasLocalHeads

        func scale(_ name: String) throws -> Float {
            guard family.hasScales, let value = try keys.float(name), value != 0 else { return 1 }
            return value
        }
        let width = shape.embeddingLength
        embeddingScale = family.scalesEmbedding ? Float(width).squareRoot() : try scale("embedding_scale")
        residualScale = try scale("residual_scale")
        let factor = family.multipliesLogits ? try keys.float("logit_scale").required(keys.key("logit_scale")) : 0
        logitScale = factor != 0 ? factor : 1 / (try scale("logit_scale"))
        temperature = family.hasTemperature ? try TemperatureRule(keys) : nil
        let own = family.hasScales ? try keys.float("attention.scale") ?? 0 : 0
        let headCount = shape.attentions.first?.headCount ?? 1
        let divisor = shape.layers.count == family.layersOfLargest ? width / headCount : shape.headLength
        attentionScale = family.scalesScores ? own != 0 ? own : 1 / Float(divisor).squareRoot() : 1
        let caps = family.softCaps ?? SoftCaps()
        // Gemma 3 only caps logits.
        attentionCap = caps.attention == 0 ? 0 : try keys.float("attn_logit_softcapping") ?? caps.attention
        finalCap = family.softCaps == nil ? 0 : try keys.float("final_logit_softcapping") ?? caps.final
    }

    /// The shape and the constants of a model to run. An architecture that this program does not run is reported first,
    /// whatever else may be wrong with the file.
    /// - Throws: the errors of both.
    public static func withShape(_ metadata: Metadata) throws -> (shape: ModelShape, arithmetic: ModelArithmetic) {
        try Architecture(metadata).requireInFull()
        let shape = try ModelShape(metadata)
        return (shape, try ModelArithmetic(metadata, of: shape))
    }

    private static func refuseUncomputed(_ keys: ShapeReader, _ family: Family, _ shape: ModelShape) throws {
        for attention in shape.attentions where attention.valueLength != attention.keyLength {
            let key = keys.key("attention.value_length")
            throw ShapeProblem.unsupportedValue(key: key, value: "\(attention.valueLength)")
        }
        // The meaning of a window is known for architectures that are always bidirectional.
        let isKnown = family.seesBothWays || shape.layers.allSatisfy { $0.attention.map { $0.window == nil } ?? false }
        if try keys.metadata.bool(keys.key("attention.causal")) == false, !isKnown {
            throw ShapeProblem.unsupportedValue(key: keys.key("attention.causal"), value: "false")
        }
        let activation = try keys.metadata.string(keys.key("hidden_activation"))
        if family.output == .none, let activation, activation != "gelu" {
            throw ShapeProblem.unsupportedValue(key: keys.key("hidden_activation"), value: activation)
        }
        try keys.refuse(["attention.clamp_kqv"])
        if !family.hasLocalHeads { try keys.refuse(["attention.key_length_swa", "rope.dimension_count_swa"]) }
        if !family.sharesLayers, family.firstSharing == nil { try keys.refuse(["attention.shared_kv_layers"]) }
        try keys.refuse(shape.experts == nil ? ["expert_count"] : ["expert_group_count", "expert_weights_scale"])
        if !family.hasScales {
            try keys.refuse(["attention.scale", "embedding_scale", "residual_scale"])
            if !family.multipliesLogits { try keys.refuse(["logit_scale"]) }
        }
        // llama.cpp always uses the same cap for the logits of models with streams, whatever a file says.
        if family.hasStreams, let own = try keys.float("final_logit_softcapping"), own != family.softCaps?.final {
            throw ShapeProblem.unsupportedValue(key: keys.key("final_logit_softcapping"), value: "\(own)")
        }
        if family.softCaps == nil { try keys.refuse(["attn_logit_softcapping", "final_logit_softcapping"]) }
    }
}
