import GGUF

/// A mixture of experts instead of a dense network.
public struct ExpertShape: Sendable, Equatable {
    /// How a router's scores become weights.
    public enum Gating: Int, Sendable {
        /// Softmax over all experts.
        case softmax = 1
        /// Sigmoid of each score.
        case sigmoid = 2
        /// Softmax over the chosen experts.
        case softmaxOfChosen = 3
    }

    /// A bias added to the weights when experts are chosen, but not when their outputs are summed.
    public enum ChoiceBias: Sendable {
        case none
        /// Used if the file has one.
        case optional
        case required
    }

    /// The number of experts of a layer, without the shared one.
    public let count: Int
    /// The number of experts that are used for each token.
    public let usedCount: Int
    /// The shape of one expert; its length is 0 for an architecture that this program does not run.
    public let expert: DenseShape
    /// The shared expert, used for every token; nil for none.
    public let shared: DenseShape?
    /// Whether a gate scales the output of the shared expert.
    public let gatesShared: Bool
    /// How the router's scores become weights.
    public let gating: Gating
    /// The bias for choosing experts.
    public let choiceBias: ChoiceBias
    /// Whether each matrix of an expert has a bias.
    public let hasBiases: Bool
    /// Whether the weights of the chosen experts are normalized to a sum of one.
    public let normalizesWeights: Bool
    /// Whether the router has its own norm of the hidden state, and each expert's output is scaled.
    public let scalesParts: Bool
    /// The number of layers without experts, which come first.
    public let denseLayerCount: Int

    /// The most experts that are accepted, far beyond any model.
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
        // Engines expect experts in every layer after the dense ones, and do not find their weights in other layers.
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
        // Some architectures give a number for each layer; this program does not run them anyway.
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
