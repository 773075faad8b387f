import GGUF

/// A gated delta rule: each head has a matrix that decays, is corrected by each token's key and value, and is read by
/// its query.
///
/// Source: Yang et al., "Gated Delta Networks", 2025.
public struct GatedDeltaShape: Sendable, Equatable {
    /// The number of query and key heads; value head `h` uses key head `h` modulo this number.
    public let keyHeadCount: Int
    /// The number of value heads, each with its own matrix.
    public let valueHeadCount: Int
    /// Elements of a head; a matrix has as many rows and columns.
    public let headLength: Int
    /// The number of tokens that the preceding convolution covers, including the current one.
    public let convolutionLength: Int

    /// Elements of a token's values, over all heads.
    public var valueWidth: Int { valueHeadCount * headLength }
    /// Elements of a token that the convolution reads: queries, keys and values.
    public var channels: Int { 2 * keyHeadCount * headLength + valueWidth }
    /// Elements that the convolution keeps between tokens.
    public var convolutionState: Int { (convolutionLength - 1) * channels }

    /// The most heads that are accepted, far beyond any model; keeps products from overflowing.
    private static let mostHeads = 4096
    private static let longestHead = 4096

    /// - Throws: `ShapeProblem`, or `GGUFProblem` for a missing key or a value of the wrong type.
    init(_ keys: ShapeReader) throws {
        convolutionLength = try keys.requiredPositive("ssm.conv_kernel", upTo: 64)
        headLength = try keys.requiredPositive("ssm.state_size", upTo: Self.longestHead)
        keyHeadCount = try keys.requiredPositive("ssm.group_count", upTo: Self.mostHeads)
        valueHeadCount = try keys.requiredPositive("ssm.time_step_rank", upTo: Self.mostHeads)
        guard valueHeadCount.isMultiple(of: keyHeadCount) else {
            throw keys.bad("ssm.time_step_rank", valueHeadCount, "a multiple of the \(keyHeadCount) key heads")
        }
        let inner = try keys.requiredPositive("ssm.inner_size")
        guard inner == valueHeadCount * headLength else {
            throw keys.bad("ssm.inner_size", inner, "\(valueHeadCount) heads of \(headLength) elements")
        }
        guard channels <= ShapeReader.largest, valueHeadCount * headLength * headLength <= ShapeReader.largest * 16
        else {
            throw keys.bad("ssm.inner_size", inner, "a smaller state")
        }
    }
}

extension GatedDeltaShape {
    private static let list = "attention.recurrent_layers"
    private static let interval = "full_attention_interval"

    /// The layers with a gated delta rule: those that the file lists, otherwise all but every n-th.
    /// - Parameters:
    ///   - count: the number of layers that are run.
    ///   - all: the number of layers in the file, including those that predict further tokens.
    static func layers(_ keys: ShapeReader, count: Int, of all: Int) throws -> [Bool] {
        if case .array(.bool(let recurs))? = keys.metadata[keys.key(list)] {
            guard recurs.count == all else { throw keys.bad(list, "an array of \(recurs.count)", "one per layer") }
            return Array(recurs.prefix(count))
        }
        let period = try keys.positive(interval) ?? 4
        return (0..<count).map { !($0 + 1).isMultiple(of: period) }
    }
}
