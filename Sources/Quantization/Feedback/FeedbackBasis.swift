import BlockFormats
import Work

/// The data about a matrix's inputs for rounding with feedback: the factor U of the inverse of their correlation,
/// `H^-1 = U^T U`, and the importance of each column.
///
/// A share of the mean of H's diagonal is added to the diagonal first, so that H can be inverted and chance matters
/// less.
public final class FeedbackBasis: Sendable {
    /// The number of columns whose blocks are searched together, and whose errors reach the columns after them
    /// together.
    package static let panel = 256
    /// The number of columns in a strip of U.
    package static let strip = 32

    /// The number of columns in the weight matrix.
    public let columns: Int
    /// The number of tokens that it was made from.
    public let tokenCount: Int
    /// The mean squares of the columns' inputs, as in an importance matrix.
    public let meanSquares: [Float]
    /// The importance of an error in each column while the columns after it can still compensate for it.
    public let conditionalSquares: [Float]
    /// U, panel by panel of its rows: the square on the diagonal, then the part to its right in strips.
    private let factor: NumberBuffer<Float>

    /// Returns the memory of one basis, and the additional memory for making it, in bytes.
    public static func byteCount(columns: Int) -> (kept: Int, scratch: Int) {
        let kept = (place(ofPanel: (columns + panel - 1) / panel, columns)) * MemoryLayout<Float>.stride
        return (kept, (columns + 2 * TriangularFactor.block) * columns * MemoryLayout<Double>.stride)
    }

    /// - Parameters:
    ///   - correlation: the correlation of the matrix's inputs.
    ///   - damping: the number added to the diagonal, as a share of its mean.
    /// - Returns: nil if all inputs are zero.
    /// - Throws: `QuantizationProblem` if there is not enough memory, or the correlation contains NaN.
    public init?(_ correlation: InputCorrelation, damping: Double, kernels: Kernels, threads: Int) throws {
        let size = correlation.columns
        (columns, tokenCount) = (size, correlation.tokenCount)
        meanSquares = correlation.meanSquares
        let mean = (0..<size).reduce(0.0) { $0 + correlation.row($1)[0] } / Double(size)
        guard mean > 0 else { return nil }
        let workers = Workers(count: threads)
        let numbers = try NumberBuffer<Double>(count: size * size, purpose: "the inverse of a correlation")
        // The last column comes first: the factor of the reversed matrix, inverted and reversed again, is upper
        // triangular.
        let scale = 1 / Double(max(1, tokenCount))
        workers.forEach(size) { column, _ in
            let sums = correlation.row(column)
            let target = numbers.start + (size - 1 - column) * size
            for offset in sums.indices { target[size - 1 - column - offset] = sums[offset] * scale }
            target[size - 1 - column] += damping * mean * scale
        }
        let triangle = try TriangularFactor(size: size, numbers.start, kernels: kernels, workers: workers)
        guard triangle.factor() else { throw QuantizationProblem.badCorrelation }
        triangle.invert()
        factor = try NumberBuffer(
            count: Self.place(ofPanel: (size + Self.panel - 1) / Self.panel, size),
            purpose: "a feedback basis"
        )
        conditionalSquares = (0..<size).map { column in
            let place = size - 1 - column
            let diagonal = numbers.start[place * size + place]
            return Float(1 / (diagonal * diagonal))
        }
        pack(numbers, workers)
    }

    /// Returns the start of a panel's numbers.
    private static func place(ofPanel index: Int, _ columns: Int) -> Int {
        (0..<index).reduce(0) { place, panel in
            let first = panel * Self.panel
            let rows = min(Self.panel, columns - first)
            let behind = (columns - first - rows + strip - 1) / strip * strip
            return place + rows * (rows + behind)
        }
    }

    private func pack(_ numbers: NumberBuffer<Double>, _ workers: Workers) {
        let size = columns
        @Sendable func number(_ row: Int, _ column: Int) -> Float {
            column < row || column >= size ? 0 : Float(numbers.start[(size - 1 - row) * size + size - 1 - column])
        }
        workers.forEach((size + Self.panel - 1) / Self.panel) { panel, _ in
            let first = panel * Self.panel
            let rows = min(Self.panel, size - first)
            var target = factor.start + Self.place(ofPanel: panel, size)
            for row in 0..<rows {
                for column in 0..<rows { target[row * rows + column] = number(first + row, first + column) }
            }
            target += rows * rows
            for start in stride(from: first + rows, to: size, by: Self.strip) {
                for row in 0..<rows {
                    for lane in 0..<Self.strip { target[row * Self.strip + lane] = number(first + row, start + lane) }
                }
                target += rows * Self.strip
            }
        }
    }

    /// Returns the square of U on the diagonal: the rows and columns of the panel that begins with a column.
    func square(at column: Int) -> MatrixPart<UnsafePointer<Float>> {
        let rows = min(Self.panel, columns - column)
        let place = factor.start + Self.place(ofPanel: column / Self.panel, columns)
        return MatrixPart(UnsafePointer(place), stride: rows)
    }

    /// Returns a panel's rows to the right of the square, for the strip of columns that begins with a column.
    func strip(ofPanel first: Int, at column: Int) -> MatrixPart<UnsafePointer<Float>> {
        let rows = min(Self.panel, columns - first)
        let place = Self.place(ofPanel: first / Self.panel, columns) + rows * rows + rows * (column - first - rows)
        return MatrixPart(UnsafePointer(factor.start + place), stride: Self.strip)
    }
}
