import GGUF

/// The mixture of experts that takes the place of a feed-forward network.
public struct ExpertTraits: Sendable, Equatable {
    public enum Gating: Int, Sendable {
        case softmax = 1
        case sigmoid = 2
    }

    public let count: Int
    /// Experts that each token sees.
    public let usedCount: Int
    /// Width of one expert.
    public let length: Int
    /// Width of the expert that sees every token; 0 for none.
    public let sharedLength: Int
    /// Whether a gate decides how much of the shared expert is added.
    public let gatesShared: Bool
    public let gating: Gating
    /// Whether a bias is added to the gating for the choice alone.
    public let hasChoiceBias: Bool
    /// Whether the chosen experts' weights are made to sum to one.
    public let normalizesWeights: Bool
    /// Layers without experts, which come first.
    public let denseLayerCount: Int

    /// Far beyond any model.
    private static let mostExperts = 4096

    /// - Returns: nil for a model without experts.
    init?(_ keys: TraitReader, _ family: FamilyTraits) throws {
        let count = try keys.whole("expert_count", from: 0) ?? 0
        switch family.experts {
        case .none:
            try keys.refuse(["expert_count"])
            return nil
        case .optional where count == 0: return nil
        default: break
        }
        guard (1...Self.mostExperts).contains(count) else {
            throw keys.bad("expert_count", count, "1 to \(Self.mostExperts)")
        }
        self.count = count
        let usedCount = try keys.requiredPositive("expert_used_count")
        guard usedCount <= count else { throw keys.bad("expert_used_count", usedCount, "at most \(count)") }
        self.usedCount = usedCount
        try keys.refuse(["expert_group_count", "expert_weights_scale"])
        gatesShared = family.experts == .withGatedShared
        let dense = try keys.whole("feed_forward_length", from: 0)
        length = try (keys.positive("expert_feed_forward_length") ?? dense).required(keys.key("feed_forward_length"))
        guard length > 0 else { throw keys.bad("feed_forward_length", length, "a positive number") }
        let shared = try keys.whole("expert_shared_feed_forward_length", from: 0)
        sharedLength = gatesShared ? shared ?? dense ?? 0 : family.hasScales ? shared ?? 0 : 0
        guard sharedLength > 0 || !gatesShared else {
            throw keys.bad("expert_shared_feed_forward_length", 0, "a positive number")
        }
        let followsDense = family.experts == .requiredAfterDense
        hasChoiceBias = followsDense
        denseLayerCount = followsDense ? try keys.whole("leading_dense_block_count", from: 0) ?? 0 : 0
        let number = followsDense ? try keys.requiredPositive("expert_gating_func") : Gating.softmax.rawValue
        guard let gating = Gating(rawValue: number) else {
            throw InferenceProblem.unsupportedTrait(key: keys.key("expert_gating_func"), value: "\(number)")
        }
        self.gating = gating
        normalizesWeights = !gatesShared
    }
}
