import BlockFormats
import Work

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The correlation of a weight matrix's inputs: the sums, over tokens, of the products of each two columns (X^T X).
///
/// Half of the matrix is kept, because it is symmetric: row `i` has the columns from `i` on. Changed by one thread at a
/// time, or by several in separate rows.
public final class InputCorrelation: @unchecked Sendable {
    /// The number of columns in the weight matrix.
    public let columns: Int
    /// The number of tokens that were added.
    public private(set) var tokenCount = 0
    private let sums: UnsafeMutablePointer<Double>

    /// Returns the memory of one correlation, in bytes.
    public static func byteCount(columns: Int) -> Int { columns * (columns + 1) / 2 * MemoryLayout<Double>.stride }

    /// Creates a correlation without tokens.
    /// - Throws: `QuantizationProblem.outOfMemory`.
    public init(columns: Int) throws {
        self.columns = columns
        let byteCount = Self.byteCount(columns: columns)
        // Zeroed by the system, page by page when first written.
        guard let memory = calloc(columns * (columns + 1) / 2, MemoryLayout<Double>.stride) else {
            throw QuantizationProblem.outOfMemory(
                byteCount: byteCount,
                purpose: "the correlations of \(columns) columns"
            )
        }
        sums = memory.bindMemory(to: Double.self, capacity: columns * (columns + 1) / 2)
    }

    deinit { free(sums) }

    /// Returns the sums of a column with itself and with those after it.
    package func row(_ column: Int) -> UnsafeMutableBufferPointer<Double> {
        let start = column * columns - column * (column - 1) / 2
        return UnsafeMutableBufferPointer(start: sums + start, count: columns - column)
    }

    /// Counts tokens whose products were added to the rows.
    package func count(tokens: Int) { tokenCount += tokens }

    /// Returns a copy of the sums in separate memory.
    /// - Throws: `QuantizationProblem.outOfMemory`.
    package func copy() throws -> InputCorrelation {
        let copy = try InputCorrelation(columns: columns)
        try copy.add(self)
        return copy
    }

    /// Adds the sums of other tokens.
    package func add(_ other: InputCorrelation) throws {
        precondition(other.columns == columns)
        for index in 0..<(columns * (columns + 1) / 2) { sums[index] += other.sums[index] }
        tokenCount += other.tokenCount
    }

    /// The mean squares of the columns.
    public var meanSquares: [Float] {
        (0..<columns).map { tokenCount == 0 ? 0 : Float(row($0)[0] / Double(tokenCount)) }
    }

    /// Whether every sum is finite.
    package var isFinite: Bool {
        // A sum that is infinite or NaN makes the difference NaN.
        var difference = 0.0
        for index in 0..<(columns * (columns + 1) / 2) { difference += sums[index] - sums[index] }
        return difference == 0
    }
}
