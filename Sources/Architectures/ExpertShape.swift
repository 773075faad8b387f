import GGUF

/// The mixture of experts that takes the place of a dense network.
public struct ExpertShape: Sendable, Equatable {
    /// What makes weights of a router's scores.
    public enum Gating: Int, Sendable {
        /// Shares of one, over all experts.
        case softmax = 1
        /// Each score for itself.
        case sigmoid = 2
        /// Shares of one, over the experts that are chosen.
        case softmaxOfChosen = 3
    }

    /// A bias that is added to the gating for the choice alone.
    public enum ChoiceBias: Sendable {
        case none
        /// Where the file has one.
        case optional
        case required
    }

    /// Experts of a layer, the shared one not counted.
    public let count: Int
    /// Experts that each token sees.
    public let usedCount: Int
    /// One expert; its length is 0 where a family's file does not say.
    public let expert: DenseShape
    /// The expert that sees every token; nil for none.
    public let shared: DenseShape?
    /// Whether a gate decides how much of the shared expert is added.
    public let gatesShared: Bool
    /// What the router's scores become.
    public let gating: Gating
    /// What is added to the gating for the choice alone.
    public let choiceBias: ChoiceBias
    /// Whether each matrix of an expert has a bias.
    public let hasBiases: Bool
    /// Whether the chosen experts' weights are made to sum to one.
    public let normalizesWeights: Bool
    /// Whether the router reads the hidden state normalized by itself, and each expert's part is scaled.
    public let scalesParts: Bool
    /// Layers without experts, which come first.
    public let denseLayerCount: Int

    /// Far beyond any model.
    private static let mostExperts = 4096

    /// - Returns: nil for a model without experts.
    init?(_ keys: ShapeReader, _ family: Family) throws {
        let count = try keys.whole("expert_count", from: 0) ?? 0
        switch family.experts {
        case .none: return nil
        case .optional where count == 0, .besideDense where count == 0: return nil
        default: break
        }
        guard (1...Self.mostExperts).contains(count) else {
            throw keys.bad("expert_count", count, "1 to \(Self.mostExperts)")
        }
        self.count = count
        let usedCount = try keys.positive("expert_used_count") ?? (family.isInFull ? nil : count)
        self.usedCount = try usedCount.required(keys.key("expert_used_count"))
        guard self.usedCount <= count else { throw keys.bad("expert_used_count", self.usedCount, "at most \(count)") }
        gatesShared = family.experts == .withGatedShared || family.experts == .withGatedSharedOfOne
        let followsDense = family.experts == .requiredAfterDense
        let dense = family.isInFull ? try keys.whole("feed_forward_length", from: 0) : nil
        expert = DenseShape(length: try Self.length(keys, family, dense: dense), family)
        shared = try Self.sharedLength(keys, family, dense: dense).map { DenseShape(length: $0, family) }
        choiceBias = followsDense ? .required : family.experts == .besideShared ? .optional : .none
        hasBiases = family.experts == .biased
        scalesParts = family.experts == .besideDense
        let mayBeginDense = followsDense || family.experts == .besideShared || !family.isInFull
        denseLayerCount = mayBeginDense ? try keys.whole("leading_dense_block_count", from: 0) ?? 0 : 0
        gating = hasBiases ? .softmaxOfChosen : followsDense ? try Self.gating(keys) : .softmax
        normalizesWeights = family.experts != .withGatedShared && !hasBiases
        // Engines take every layer behind the dense ones for one of experts, and read the others' weights in vain.
        guard family.experts == .besideShared else { return }
        let step = try keys.requiredPositive("interleave_moe_layer_step")
        guard step == 1 else {
            throw ShapeProblem.unsupportedValue(key: keys.key("interleave_moe_layer_step"), value: "\(step)")
        }
    }

    private static func gating(_ keys: ShapeReader) throws -> Gating {
        let number = try keys.requiredPositive("expert_gating_func")
        guard let gating = Gating(rawValue: number), gating != .softmaxOfChosen else {
            throw ShapeProblem.unsupportedValue(key: keys.key("expert_gating_func"), value: "\(number)")
        }
        return gating
    }

    private static func length(_ keys: ShapeReader, _ family: Family, dense: Int?) throws -> Int {
        // Some families have a number for each layer; what they need to run is not known anyway.
        guard family.isInFull else { return 0 }
        let length = try (keys.positive("expert_feed_forward_length") ?? dense)
            .required(keys.key("feed_forward_length"))
        guard length > 0 else { throw keys.bad("feed_forward_length", length, "a positive number") }
        return length
    }

    private static func sharedLength(_ keys: ShapeReader, _ family: Family, dense: Int?) throws -> Int? {
        let isGated = family.experts == .withGatedShared || family.experts == .withGatedSharedOfOne
        guard isGated || family.hasScales || family.experts == .besideShared else { return nil }
        let length = try keys.whole("expert_shared_feed_forward_length", from: 0) ?? (isGated ? dense : nil) ?? 0
        guard length > 0 || !isGated else {
            throw keys.bad("expert_shared_feed_forward_length", 0, "a positive number")
        }
        return length > 0 ? length : nil
    }
}
