import BlockFormats

/// Inputs of a matrix that were not used for fitting, to judge roundings by the error of the outputs.
public final class HeldInputs: @unchecked Sendable {
    // Unchecked: changed only before it is shared.
    /// The number of tokens in a strip, and of columns that are multiplied at a time.
    private static let strip = 32
    private static let depth = 256

    /// The number of columns in the matrix.
    public let columns: Int
    /// The number of tokens that were added.
    public private(set) var tokenCount = 0
    /// The strips, each (columns, strip), with zeros after the last token.
    private var strips: [NumberBuffer<Float>] = []

    /// Returns the memory of held inputs, in bytes.
    public static func byteCount(columns: Int, tokens: Int) -> Int {
        (tokens + strip - 1) / strip * strip * columns * MemoryLayout<Float>.stride
    }

    /// Creates inputs without tokens.
    public init(columns: Int) { self.columns = columns }

    /// Adds a token.
    /// - Throws: `QuantizationProblem.outOfMemory`.
    package func add(_ row: UnsafePointer<Float>) throws {
        if tokenCount % Self.strip == 0 {
            let numbers = try NumberBuffer<Float>(count: columns * Self.strip, purpose: "held-back inputs")
            numbers.start.update(repeating: 0, count: columns * Self.strip)
            strips.append(numbers)
        }
        let target = strips[tokenCount / Self.strip].start + tokenCount % Self.strip
        for column in 0..<columns { target[column * Self.strip] = row[column] }
        tokenCount += 1
    }

    /// Returns a copy in separate memory.
    package func copy() throws -> HeldInputs {
        let copy = HeldInputs(columns: columns)
        try copy.add(self)
        return copy
    }

    /// Adds the tokens of another value.
    package func add(_ other: HeldInputs) throws {
        precondition(other.columns == columns)
        var row = [Float](repeating: 0, count: columns)
        for token in 0..<other.tokenCount {
            let source = other.strips[token / Self.strip].start + token % Self.strip
            for column in 0..<columns { row[column] = source[column * Self.strip] }
            try row.withUnsafeBufferPointer { try add($0.baseAddress!) }
        }
    }

    /// Returns the sum of squared output errors of all tokens, for given errors of weights.
    /// - Parameter errors: (rows, columns).
    package func outputError(of errors: UnsafeBufferPointer<Float>, kernels: Kernels) -> Double {
        guard let start = errors.baseAddress, tokenCount > 0 else { return 0 }
        let rows = errors.count / columns
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * Self.strip) { outputs in
            guard let outputs = outputs.baseAddress else { return 0 }
            var sum = 0.0
            for strip in strips {
                outputs.update(repeating: 0, count: rows * Self.strip)
                for column in stride(from: 0, to: columns, by: Self.depth) {
                    kernels.addTile(
                        tall: MatrixPart(start + column, stride: columns),
                        wide: MatrixPart(UnsafePointer(strip.start + column * Self.strip), stride: Self.strip),
                        rows: rows,
                        rank: min(Self.depth, columns - column),
                        columns: Self.strip,
                        to: MatrixPart(outputs, stride: Self.strip)
                    )
                }
                for index in 0..<(rows * Self.strip) { sum += Double(outputs[index] * outputs[index]) }
            }
            return sum
        }
    }
}
