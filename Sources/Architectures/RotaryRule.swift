import GGUF

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The rotary embedding (RoPE), which encodes positions in queries and keys.
///
/// Source: Su et al., "RoFormer", 2021; scaling as in llama.cpp (linear; YaRN, Peng et al., 2023; per-frequency factors
/// for Llama 3 and LongRoPE, which are tensors).
public struct RotaryRule: Sendable, Equatable {
    /// Which elements of a head form a pair.
    public let layout: RotaryLayout
    /// The number of elements at the start of a head that are rotated; the rest stay unchanged.
    public private(set) var dimensions: Int
    /// The pairs that are never rotated for text, because their position is not one of text.
    public let stillPairs: Set<Int>
    /// Base of the geometric series of frequencies.
    public private(set) var base: Float
    /// The factor of positions.
    public private(set) var positionScale: Float
    /// Whether frequencies blend between scaled and unscaled by the YaRN ramp.
    public private(set) var usesYaRN: Bool
    /// The context before scaling, in tokens.
    public let originalContext: Int
    /// The factor of sines and cosines.
    public private(set) var magnitude: Float

    /// The rotations of a frequency over the original context at which the YaRN ramp begins. Files may give other
    /// values, but llama.cpp reads them for few architectures.
    public let fastTurns: Float
    /// The rotations of a frequency over the original context at which the YaRN ramp ends.
    public let slowTurns: Float

    init(_ keys: ShapeReader, _ family: Family, layout: RotaryLayout, headLength: Int) throws {
        let dimensions = try keys.positive(Self.count) ?? headLength
        try Self.check(dimensions, Self.count, keys, headLength)
        let base = try keys.float("rope.freq_base") ?? 10000
        guard base > 1 else { throw keys.bad("rope.freq_base", base, "a number above 1") }
        let kind = try keys.metadata.string(keys.key("rope.scaling.type")) ?? "linear"
        guard ["none", "linear", "yarn", "longrope"].contains(kind) else {
            throw ShapeProblem.unsupportedValue(key: keys.key("rope.scaling.type"), value: kind)
        }
        let factor = try keys.float("rope.scaling.factor") ?? keys.float("rope.scale_linear") ?? 0
        try keys.refuse(["rope.scaling.alpha"] + (family.hasTemperature ? [] : ["rope.scaling.yarn_log_multiplier"]))

        stillPairs = try family.sections.map { try PositionSections(keys, $0, dimensions: dimensions).stillPairs } ?? []
        self.layout = layout
        self.dimensions = dimensions
        self.base = base
        positionScale = kind == "none" || factor == 0 ? 1 : 1 / factor
        usesYaRN = kind == "yarn"
        magnitude = try keys.float("rope.scaling.attn_factor") ?? 1
        let growth = max(0, logf(1 / positionScale))
        if usesYaRN { magnitude *= 1 + 0.1 * growth }
        if usesYaRN, family.hasTemperature, let multiplier = try keys.float("rope.scaling.yarn_log_multiplier") {
            magnitude /= 1 + 0.1 * multiplier * growth
        }
        fastTurns = (family.hasTemperature ? try keys.float("rope.scaling.yarn_beta_fast") : nil) ?? 32
        slowTurns = (family.hasTemperature ? try keys.float("rope.scaling.yarn_beta_slow") : nil) ?? 1
        originalContext =
            try keys.positive("rope.scaling.original_context_length") ?? keys.positive("context_length")
            ?? ShapeReader.largest
    }

    private static let count = "rope.dimension_count"
    private static let localBase = "rope.freq_base_swa"

    private static func check(_ dimensions: Int, _ name: String, _ keys: ShapeReader, _ headLength: Int) throws {
        guard dimensions <= headLength, dimensions.isMultiple(of: 2) else {
            throw keys.bad(name, dimensions, "an even number up to the head length \(headLength)")
        }
    }

    /// The rotary embedding in layers with a window.
    /// - Parameter headLength: elements of a head in such layers; nil for a model without them.
    func local(_ keys: ShapeReader, _ family: Family, headLength: Int?) throws -> RotaryRule {
        let rule = family.localRotary
        if rule == .asElsewhere { return self }
        var local = self
        if rule == .ownBase(isScaled: true) {
            local.base = try keys.float(Self.localBase) ?? base
            guard local.base > 1 else { throw keys.bad(Self.localBase, local.base, "a number above 1") }
            return local
        }
        if family.hasLocalHeads, let headLength {
            local.dimensions = try keys.positive(Self.count + "_swa") ?? dimensions
            try Self.check(local.dimensions, Self.count + "_swa", keys, headLength)
        }
        (local.positionScale, local.usesYaRN, local.magnitude) = (1, false, 1)
        if case .base(let base) = rule { local.base = try keys.float(Self.localBase) ?? base }
        if case .ownBase = rule { local.base = try keys.float(Self.localBase) ?? base }
        guard local.base > 1 else { throw keys.bad(Self.localBase, local.base, "a number above 1") }
        return local
    }
}

/// The two elements of a head that the rotary embedding rotates as a pair.
public enum RotaryLayout: Sendable {
    /// Neighbours: 0 and 1, 2 and 3.
    case adjacent
    /// An element of the first half and its counterpart in the second.
    case halves
}
