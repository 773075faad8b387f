import GGUF

/// A gated delta rule: for each head a matrix that fades, is corrected by each token's key and value, and answers its query.
///
/// Source: Yang et al., "Gated Delta Networks", 2025.
public struct GatedDeltaShape: Sendable, Equatable {
    /// Heads of queries and keys; value head `h` has key head `h` modulo their count.
    public let keyHeadCount: Int
    /// Heads of values, each with a matrix of its own.
    public let valueHeadCount: Int
    /// Elements of each head; a matrix has as many rows and columns.
    public let headLength: Int
    /// Tokens that the convolution before it sees, the current one included.
    public let convolutionLength: Int

    /// Elements of all values of a token.
    public var valueWidth: Int { valueHeadCount * headLength }
    /// Elements that the convolution reads of a token: queries, keys and values.
    public var channels: Int { 2 * keyHeadCount * headLength + valueWidth }
    /// Elements that the convolution carries on.
    public var convolutionState: Int { (convolutionLength - 1) * channels }

    /// Far beyond any model; keeps products of these numbers in range.
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

    /// Which layers have a gated delta rule: those that the file lists, else all but the last of so many.
    /// - Parameters:
    ///   - count: layers that are run.
    ///   - all: layers of the file, those that predict further tokens included.
    static func layers(_ keys: ShapeReader, count: Int, of all: Int) throws -> [Bool] {
        if case .array(.bool(let recurs))? = keys.metadata[keys.key(list)] {
            guard recurs.count == all else { throw keys.bad(list, "an array of \(recurs.count)", "one per layer") }
            return Array(recurs.prefix(count))
        }
        let period = try keys.positive(interval) ?? 4
        return (0..<count).map { !($0 + 1).isMultiple(of: period) }
    }
}
