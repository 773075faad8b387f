/// The kind of a layer's norms, and their positions around mixer and network.
public struct NormRule: Sendable, Equatable {
    /// What a norm does to a row before each element is multiplied by its weight.
    public enum Kind: Sendable {
        /// Scales it to a root mean square of one.
        case rootMeanSquare
        /// Shifts it to a mean of zero and scales it to a variance of one.
        case layer
    }

    /// The positions of norms.
    public enum Placement: Sendable {
        /// On the input of each part.
        case before
        /// On the output of each part.
        case after
        /// On the input and the output of each part.
        case around
        /// On the sum of each part's input and output.
        case onSums
    }

    /// What a norm does to a row.
    public let kind: Kind
    /// Whether each element also gets a bias.
    public let hasBias: Bool
    /// The positions of the norms.
    public let placement: Placement
    /// Whether the first layer may lack the norm before its mixer.
    public let firstMayLackIt: Bool
    /// Whether a layer without a second norm feeds both parts from the first one.
    public let mayFeedBoth: Bool
    /// The tensor of the norm before the network, without its ending.
    public let networkNorm: String
    /// Whether that name has no ending in files either.
    public let networkNormIsBare: Bool

    /// - Parameter isAlone: whether a layer is only a network, whose norm has the name of a layer's first norm.
    init(_ family: Family, isAlone: Bool = false) {
        kind = family.norm
        hasBias = family.hasNormBias
        placement = family.normPlacement
        firstMayLackIt = family.firstMayLackNorm
        mayFeedBoth = family.mayRunInParallel
        networkNorm = isAlone ? "attn_norm" : family.networkNorm
        networkNormIsBare = family.networkNormIsBare && !isAlone
    }
}

/// The norms of queries and keys.
public enum HeadNorm: Sendable {
    /// No norm.
    case none
    /// On each head, with the same weights for all.
    case perHead
    /// On each head, with the same weights for all, after the rotary embedding.
    case perRotatedHead
    /// On each head with its own weights, if the file has them.
    case optionalOwn
    /// On all heads as one row.
    case whole
}
