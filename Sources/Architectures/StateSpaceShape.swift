import GGUF

/// A selective state space with one decay for each head (Mamba 2): each token fades a head's state, adds to it what the token's
/// values and keys say, and reads it with its queries.
///
/// Source: Dao and Gu, "Transformers are SSMs", 2024.
public struct StateSpaceShape: Sendable, Equatable {
    /// Heads, each with a state of its own.
    public let headCount: Int
    /// Elements of a head's values, and rows of its state.
    public let headLength: Int
    /// Groups of heads that share what writes to the state and what reads it.
    public let groupCount: Int
    /// Columns of a head's state.
    public let stateLength: Int
    /// Tokens that the convolution before it sees, the current one included.
    public let convolutionLength: Int

    /// Elements of all values of a token.
    public var valueWidth: Int { headCount * headLength }
    /// Elements that the convolution reads of a token: values, and for each group what writes and what reads.
    public var channels: Int { valueWidth + 2 * groupCount * stateLength }
    /// Elements that the convolution carries on.
    public var convolutionState: Int { (convolutionLength - 1) * channels }
    /// Rows of the matrix that makes gates, channels and time steps of a token.
    public var inputWidth: Int { valueWidth + channels + headCount }
    /// Elements that are carried on in all.
    public var state: Int { convolutionState + valueWidth * stateLength }

    /// Far beyond any model; keeps products of these numbers in range.
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

/// Which layers of a family have a state space.
enum StateSpaceLayers: Sendable {
    /// Those without keys and values.
    case withoutKeys
    /// The same, and a layer has either a mixer or a network, which the widths of networks tell.
    case aloneWithoutKeys
    /// All, side by side with attention.
    case besideAttention
}
