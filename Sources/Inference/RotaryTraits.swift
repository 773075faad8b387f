import GGUF

/// How positions are written into queries and keys.
///
/// Source: Su et al., "RoFormer", 2021; scaling as llama.cpp applies it (linear; YaRN, Peng et al., 2023; per-frequency
/// factors for Llama 3 and LongRoPE, which come as tensors).
public struct RotaryTraits: Sendable, Equatable {
    /// The first elements of a head that turn; the rest stay.
    public let dimensions: Int
    /// Base of the geometric series of frequencies.
    public let base: Float
    /// Positions are multiplied by this.
    public let positionScale: Float
    /// Whether frequencies blend between scaled and unscaled by the YaRN ramp.
    public let usesYaRN: Bool
    /// The context before scaling, in tokens.
    public let originalContext: Int
    /// Sines and cosines are multiplied by this.
    public let magnitude: Float

    /// Turns of a frequency over the original context at which the YaRN ramp begins and ends.
    public let fastTurns: Float
    public let slowTurns: Float

    init(_ keys: TraitReader, headLength: Int) throws {
        let dimensions = try keys.positive("rope.dimension_count") ?? headLength
        guard dimensions <= headLength, dimensions.isMultiple(of: 2) else {
            throw keys.bad("rope.dimension_count", dimensions, "an even number up to the head length \(headLength)")
        }
        let base = try keys.float("rope.freq_base") ?? 10000
        guard base.isFinite, base > 1 else { throw keys.bad("rope.freq_base", base, "a number above 1") }
        let kind = try keys.metadata.string(keys.key("rope.scaling.type")) ?? "linear"
        guard ["none", "linear", "yarn", "longrope"].contains(kind) else {
            throw InferenceProblem.unsupportedTrait(key: keys.key("rope.scaling.type"), value: kind)
        }
        let stored = try keys.float("rope.scaling.factor")
        let factor = try stored ?? keys.float("rope.scale_linear") ?? 0
        guard factor.isFinite, factor >= 0 else { throw keys.bad("rope.scaling.factor", factor, "a positive number") }
        try keys.refuse(["rope.scaling.yarn_log_multiplier", "rope.scaling.yarn_ext_factor", "rope.scaling.alpha"])
        try keys.refuse(["rope.scaling.yarn_attn_factor"])
        fastTurns = try keys.float("rope.scaling.yarn_beta_fast") ?? 32
        slowTurns = try keys.float("rope.scaling.yarn_beta_slow") ?? 1
        guard fastTurns > 0, slowTurns > 0, fastTurns.isFinite, slowTurns.isFinite else {
            throw keys.bad("rope.scaling.yarn_beta_fast", fastTurns, "a positive number")
        }
        let attention = try keys.float("rope.scaling.attn_factor") ?? 1
        guard attention.isFinite else { throw keys.bad("rope.scaling.attn_factor", attention, "a number") }

        self.dimensions = dimensions
        self.base = base
        positionScale = kind == "none" || factor == 0 ? 1 : 1 / factor
        usesYaRN = kind == "yarn"
        magnitude = attention
        originalContext =
            try keys.positive("rope.scaling.original_context_length") ?? keys.positive("context_length")
            ?? TraitReader.largest
    }
}
