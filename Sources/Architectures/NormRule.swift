/// How a layer's norms work, and where they stand around mixer and network.
public struct NormRule: Sendable, Equatable {
    /// What rows are brought to before each element is multiplied by its weight.
    public enum Kind: Sendable {
        /// To a root mean square of one.
        case rootMeanSquare
        /// To a mean of zero first.
        case layer
    }

    /// Where norms stand.
    public enum Placement: Sendable {
        /// On what each part is given.
        case before
        /// On what each part adds.
        case after
        /// On both.
        case around
        /// On the sums of what parts are given and add.
        case onSums
    }

    /// What it does to a row.
    public let kind: Kind
    /// Whether something is added to each element, too.
    public let hasBias: Bool
    /// Where it stands.
    public let placement: Placement
    /// Whether the first layer may do without the norm in front of its mixer.
    public let firstMayLackIt: Bool
    /// Whether a layer without a second norm feeds both parts from the first.
    public let mayFeedBoth: Bool
    /// The tensor of the norm in front of the network, without its ending.
    public let networkNorm: String
    /// Whether that name has no ending in files either.
    public let networkNormIsBare: Bool

    /// - Parameter isAlone: whether a layer is a network alone, whose norm has the name of a layer's first.
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

/// Norms on queries and keys.
public enum HeadNorm: Sendable {
    /// No norm.
    case none
    /// On each head, all with the same weights.
    case perHead
    /// The same after the rotary embedding.
    case perRotatedHead
    /// On each head with weights of its own, where the file has them.
    case optionalOwn
    /// On all heads as one row.
    case whole
}
