import GGUF

/// A selective state space with one decay per head (Mamba 2): each token decays a head's state, adds its values and
/// keys to it, and reads it with its queries.
///
/// Source: Dao and Gu, "Transformers are SSMs", 2024.
public struct StateSpaceShape: Sendable, Equatable {
    /// The number of heads, each with its own state.
    public let headCount: Int
    /// Elements of a head's values, which is the number of rows of its state.
    public let headLength: Int
    /// The number of groups of heads that share keys (B) and queries (C).
    public let groupCount: Int
    /// The number of columns of a head's state.
    public let stateLength: Int
    /// The number of tokens that the preceding convolution covers, including the current one.
    public let convolutionLength: Int

    /// Elements of a token's values, over all heads.
    public var valueWidth: Int { headCount * headLength }
    /// Elements of a token that the convolution reads: values, and for each group keys (B) and queries (C).
    public var channels: Int { valueWidth + 2 * groupCount * stateLength }
    /// Elements that the convolution keeps between tokens.
    public var convolutionState: Int { (convolutionLength - 1) * channels }
    /// The number of rows of the matrix that computes a token's gates, channels and time steps.
    public var inputWidth: Int { valueWidth + channels + headCount }
    /// The total number of elements kept between tokens.
    public var state: Int { convolutionState + valueWidth * stateLength }

    /// The most heads that are accepted, far beyond any model; keeps products from overflowing.
    private static let mostHeads = 4096
    private static let longestState = 4096

    /// - Throws: `ShapeProblem`, or `GGUFProblem` for a missing key or a value of the wrong type.
    init(_ keys: ShapeReader) throws {
        convolutionLength = try keys.requiredPositive("ssm.conv_kernel", upTo: 64)
        stateLength = try keys.requiredPositive("ssm.state_size", upTo: Self.longestState)
        groupCount = try keys.requiredPositive("ssm.group_count", upTo: Self.mostHeads)
        headCount = try keys.requiredPositive("ssm.time_step_rank", upTo: Self.mostHeads)
        guard headCount.isMultiple(of: groupCount) else {
            throw keys.bad("ssm.time_step_rank", headCount, "a multiple of the \(groupCount) groups")
        }
        let inner = try keys.requiredPositive("ssm.inner_size")
        guard inner.isMultiple(of: headCount) else {
            throw keys.bad("ssm.inner_size", inner, "a multiple of the \(headCount) heads")
        }
        headLength = inner / headCount
        guard inputWidth <= ShapeReader.largest, valueWidth * stateLength <= ShapeReader.largest * 16 else {
            throw keys.bad("ssm.inner_size", inner, "a smaller state")
        }
    }
}

/// The layers of an architecture that have a state space.
enum StateSpaceLayers: Sendable {
    /// The layers without keys and values.
    case withoutKeys
    /// The layers without keys and values; the widths of networks tell whether a layer is a mixer or a network.
    case aloneWithoutKeys
    /// All layers, in parallel with attention.
    case besideAttention
}
