/// The part of a layer in which tokens learn of those before them.
public enum Mixer: Sendable, Equatable {
    /// Each token asks those before it.
    case attention(AttentionShape)
    /// Each token is mixed with the few before it.
    case shortConvolution(ShortConvolutionShape)
    /// Each token changes a matrix that is carried on, and is answered by it.
    case gatedDelta(GatedDeltaShape)
    /// Each token changes a state that fades, and reads it.
    case stateSpace(StateSpaceShape)
    /// Attention and a state space, which read the same and are added.
    case attentionAndStateSpace(AttentionShape, StateSpaceShape)
    /// None: the layer is a network alone.
    case absent
    /// None that the table of families describes.
    case unlisted
}

/// How one layer attends.
public struct AttentionShape: Sendable, Equatable {
    /// Heads that ask.
    public let headCount: Int
    /// Heads that answer, each for as many that ask.
    public let keyValueHeadCount: Int
    /// Elements of one head's key.
    public let keyLength: Int
    /// Elements of one head's value; 0 where attention is latent and a key serves as its value.
    public let valueLength: Int
    /// How many positions a token sees, its own included; nil for all. Of one that sees both ways half lie on either side.
    public let window: Int?
    /// Whether tokens see those behind them, too.
    public let seesBothWays: Bool
    /// Which rotary embedding queries and keys get.
    public let positions: PositionRule
    /// How they are normalized before.
    public let headNorm: HeadNorm
    /// Whether values are normalized head by head, without weights.
    public let normalizesValues: Bool
    /// Whether a layer without a matrix for values takes keys for them, as they are before their norm.
    public let mayTakeKeysForValues: Bool
    /// Whether what is read is gated by a second half of the query matrix.
    public let gatesOutput: Bool
    /// Whether each head has a score that takes weight from all positions and gives nothing (an attention sink).
    public let hasSinks: Bool
    /// The layer whose keys and values are read in place of own ones; nil for own ones.
    public let source: Int?
}

extension AttentionShape {
    /// Positions that a token sees.
    /// - Parameters:
    ///   - position: its own.
    ///   - count: positions that are there.
    public func seen(from position: Int, of count: Int) -> Range<Int> {
        guard seesBothWays else { return max(0, position + 1 - (window ?? .max))..<(position + 1) }
        guard let window else { return 0..<count }
        return max(0, position - window / 2)..<min(count, position + window / 2 + 1)
    }
}

/// A gated convolution over the last tokens, each element of the hidden state for itself.
public struct ShortConvolutionShape: Sendable, Equatable {
    /// Elements of the hidden state.
    public let width: Int
    /// Tokens that it sees, the current one included.
    public let length: Int
}

extension Mixer {
    /// What the layer keeps of a sequence.
    public var state: StateSize {
        switch self {
        case .attention(let attention): Self.state(of: attention)
        case .shortConvolution(let convolution):
            StateSize(constant: (convolution.length - 1) * convolution.width)
        case .gatedDelta(let delta):
            StateSize(constant: delta.convolutionState + delta.valueHeadCount * delta.headLength * delta.headLength)
        case .stateSpace(let space): StateSize(constant: space.state)
        case .attentionAndStateSpace(let attention, let space): Self.state(of: attention, constant: space.state)
        case .absent, .unlisted: StateSize()
        }
    }

    private static func state(of attention: AttentionShape, constant: Int = 0) -> StateSize {
        guard attention.source == nil else { return StateSize(constant: constant) }
        return StateSize(
            keys: attention.keyValueHeadCount * attention.keyLength,
            values: attention.keyValueHeadCount * attention.valueLength,
            constant: constant
        )
    }
}

/// What a layer keeps of a sequence, in numbers.
public struct StateSize: Sendable, Equatable {
    /// For each token, as key and as value.
    public var keys = 0
    /// Likewise.
    public var values = 0
    /// For the sequence, whatever its length; in single precision.
    public var constant = 0
}
