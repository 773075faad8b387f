/// The part of a layer that combines a token with earlier ones.
public enum Mixer: Sendable, Equatable {
    /// Attention to earlier tokens.
    case attention(AttentionShape)
    /// A convolution over the last few tokens.
    case shortConvolution(ShortConvolutionShape)
    /// A matrix that each token updates and then reads.
    case gatedDelta(GatedDeltaShape)
    /// A decaying state that each token updates and then reads.
    case stateSpace(StateSpaceShape)
    /// Attention and a state space with the same input, whose outputs are added.
    case attentionAndStateSpace(AttentionShape, StateSpaceShape)
    /// No mixer: the layer is only a network.
    case absent
    /// A mixer that the table of architectures does not describe.
    case unlisted
}

/// The attention of one layer.
public struct AttentionShape: Sendable, Equatable {
    /// The number of query heads.
    public let headCount: Int
    /// The number of key-value heads, each shared by several query heads.
    public let keyValueHeadCount: Int
    /// Elements of one head's key.
    public let keyLength: Int
    /// Elements of one head's value; 0 for latent attention, where a key is also its value.
    public let valueLength: Int
    /// The number of positions that a token attends to, including its own; nil for all. With bidirectional attention,
    /// half of them are on either side.
    public let window: Int?
    /// Whether tokens also attend to later ones.
    public let seesBothWays: Bool
    /// The rotary embedding of queries and keys.
    public let positions: PositionRule
    /// The norm of queries and keys.
    public let headNorm: HeadNorm
    /// Whether values are normalized per head, without weights.
    public let normalizesValues: Bool
    /// Whether a layer without a value matrix uses keys as values, as they are before their norm.
    public let mayTakeKeysForValues: Bool
    /// Whether a second half of the query matrix gates the output.
    public let gatesOutput: Bool
    /// Whether each head has an attention sink: a score that takes weight from all positions and adds nothing.
    public let hasSinks: Bool
    /// The layer whose keys and values are used instead of its own; nil for its own.
    public let source: Int?
}

extension AttentionShape {
    /// The positions that a token attends to.
    /// - Parameters:
    ///   - position: the token's own position.
    ///   - count: the number of positions in the cache.
    public func seen(from position: Int, of count: Int) -> Range<Int> {
        guard seesBothWays else { return max(0, position + 1 - (window ?? .max))..<(position + 1) }
        guard let window else { return 0..<count }
        return max(0, position - window / 2)..<min(count, position + window / 2 + 1)
    }
}

/// A gated convolution over the last tokens, separately for each element of the hidden state.
public struct ShortConvolutionShape: Sendable, Equatable {
    /// Elements of the hidden state.
    public let width: Int
    /// The number of tokens that it covers, including the current one.
    public let length: Int
}

extension Mixer {
    /// The state that the layer keeps for a sequence.
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

/// The size of the state that a layer keeps for a sequence, in numbers.
public struct StateSize: Sendable, Equatable {
    /// Numbers per token in the key cache.
    public var keys = 0
    /// Numbers per token in the value cache.
    public var values = 0
    /// Single-precision numbers per sequence, whatever its length.
    public var constant = 0
}
