import GGUF

/// The shape of one layer.
public struct LayerTraits: Sendable, Equatable {
    /// nil where the layer convolves instead.
    public let attention: AttentionTraits?
    public let feedForwardLength: Int
    public let hasExperts: Bool
}

/// How one layer attends.
public struct AttentionTraits: Sendable, Equatable {
    public enum Positions: Sendable {
        /// Queries and keys are not turned.
        case none
        case everywhere
        /// As in layers with a window.
        case local
    }

    public let headCount: Int
    public let keyValueHeadCount: Int
    /// How many positions a token sees, its own included; nil for all.
    public let window: Int?
    public let positions: Positions
}

extension LayerTraits {
    /// Reads the traits of all layers.
    static func all(_ keys: TraitReader, _ family: FamilyTraits, experts: ExpertTraits?) throws -> [LayerTraits] {
        let count = try keys.requiredPositive("block_count")
        // Far beyond any model; keeps a damaged file from asking for huge tables.
        guard count <= 4096 else { throw keys.bad("block_count", count, "at most 4096") }
        let heads = try keys.perLayer("attention.head_count", count: count).required(keys.key("attention.head_count"))
        let least = family.hasConvolutions ? 0 : 1
        let keyHeads = try keys.perLayer("attention.head_count_kv", count: count, from: least) ?? heads
        let lengths = try feedForwardLengths(keys, count: count, experts)
        let windows = try windows(keys, family.windows, count: count)
        let areUnturned = try family.rotaryLayout == nil || isUnturned(keys, family)
        return try (0..<count).map { index in
            let (headCount, keyHeadCount) = (heads[index], keyHeads[index])
            guard keyHeadCount == 0 || headCount.isMultiple(of: keyHeadCount) else {
                throw keys.bad("attention.head_count_kv", keyHeadCount, "a divisor of the head count \(headCount)")
            }
            let isUnturned = areUnturned || family.layersPerUnturned.map { (index + 1).isMultiple(of: $0) } ?? false
            let attention = AttentionTraits(
                headCount: headCount,
                keyValueHeadCount: keyHeadCount,
                window: windows[index],
                positions: isUnturned ? .none : windows[index] == nil ? .everywhere : .local
            )
            return LayerTraits(
                attention: keyHeadCount == 0 ? nil : attention,
                feedForwardLength: lengths[index],
                hasExperts: experts.map { index >= $0.denseLayerCount } ?? false
            )
        }
    }

    /// Granite's switch for positions has the name of something else.
    private static func isUnturned(_ keys: TraitReader, _ family: FamilyTraits) throws -> Bool {
        try family.hasScales && keys.metadata.bool(keys.key("rope.scaling.finetuned")) == false
    }

    private static func feedForwardLengths(_ keys: TraitReader, count: Int, _ experts: ExpertTraits?) throws -> [Int] {
        let lengths = try keys.perLayer("feed_forward_length", count: count, from: experts == nil ? 1 : 0)
        // Models of nothing but experts need not say how long other networks would be.
        if lengths == nil, let experts { return Array(repeating: experts.length, count: count) }
        return try lengths.required(keys.key("feed_forward_length"))
    }

    private static func windows(_ keys: TraitReader, _ rule: WindowRule?, count: Int) throws -> [Int?] {
        let none = [Int?](repeating: nil, count: count)
        guard let rule, let size = try keys.whole("attention.sliding_window", from: 0) ?? rule.size, size > 0 else {
            return none
        }
        guard let ownPeriod = rule.period else { return none.map { _ in size } }
        let name = "attention.sliding_window_pattern"
        if case .array(.bool(let slides))? = keys.metadata[keys.key(name)] {
            guard slides.count == count else { throw keys.bad(name, "an array of \(slides.count)", "one per layer") }
            return slides.map { $0 ? size : nil }
        }
        let period = try keys.whole(name, from: 0) ?? ownPeriod
        return (0..<count).map { period == 0 || $0 % period < period - 1 ? size : nil }
    }
}
