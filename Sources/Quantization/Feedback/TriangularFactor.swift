import BlockFormats
import Work

/// The Cholesky factor of a symmetric matrix, and its inverse, in place and in double precision.
///
/// Rows are processed in blocks, so that nearly all work is products of blocks. Each element gets its terms in one
/// order, whatever the threads and the kernels.
///
/// Unchecked: threads write to separate rows.
package struct TriangularFactor: @unchecked Sendable {
    /// The number of rows in a block.
    static let block = 128

    let size: Int
    /// The matrix, (size, size), of which only the lower half is used.
    let numbers: UnsafeMutablePointer<Double>
    let kernels: Kernels
    let workers: Workers
    /// A block's rows or columns in strips, and the inverse of a block of the diagonal in the same form.
    private let packed: PackedStrips
    private let inverse: PackedStrips

    /// - Throws: `QuantizationProblem.outOfMemory`.
    package init(size: Int, _ numbers: UnsafeMutablePointer<Double>, kernels: Kernels, workers: Workers) throws {
        (self.size, self.numbers, self.kernels, self.workers) = (size, numbers, kernels, workers)
        packed = try PackedStrips(size, by: Self.block)
        inverse = try PackedStrips(Self.block, by: Self.block)
    }

    private func at(_ row: Int, _ column: Int) -> UnsafeMutablePointer<Double> { numbers + row * size + column }

    private var blocks: [Range<Int>] {
        stride(from: 0, to: size, by: Self.block).map { $0..<min(size, $0 + Self.block) }
    }

    /// Replaces the lower half by L, for a matrix L L^T.
    /// - Returns: false if the matrix is not positive definite.
    package func factor() -> Bool {
        for block in blocks {
            guard factorDiagonal(block) else { return false }
            let below = block.upperBound..<size
            guard !below.isEmpty else { break }
            solve(below, block)
            subtractProduct(below, block)
        }
        return true
    }

    private func factorDiagonal(_ block: Range<Int>) -> Bool {
        for row in block {
            for column in block.lowerBound...row {
                var sum = at(row, column).pointee
                for k in block.lowerBound..<column { sum -= at(row, k).pointee * at(column, k).pointee }
                if column < row {
                    at(row, column).pointee = sum / at(column, column).pointee
                } else {
                    guard sum > 0, sum.isFinite else { return false }
                    at(row, row).pointee = sum.squareRoot()
                }
            }
        }
        return true
    }

    /// Computes the rows below a block of the diagonal: A L^-T.
    private func solve(_ below: Range<Int>, _ block: Range<Int>) {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: block.count * block.count) { scratch in
            guard let start = scratch.baseAddress else { return }
            nonisolated(unsafe) let own = start
            for row in 0..<block.count {
                for column in 0..<block.count {
                    own[row * block.count + column] =
                        column > row ? 0 : at(block.lowerBound + row, block.lowerBound + column).pointee
                }
            }
            Self.invert(own, size: block.count, stride: block.count)
            inverse.fill(rows: block.count, columns: block.count) { row, column in own[column * block.count + row] }
        }
        replace(below, block) { rows, sums in
            multiply(
                UnsafePointer(at(rows.lowerBound, block.lowerBound)),
                stride: size,
                rows.count,
                block.count,
                into: sums
            )
        }
    }

    /// A -= L L^T after a block, on and below the diagonal.
    private func subtractProduct(_ below: Range<Int>, _ block: Range<Int>) {
        packed.fill(rows: block.count, columns: below.count, workers) { row, column in
            -at(below.lowerBound + column, block.lowerBound + row).pointee
        }
        forEachRows(below, count: 64) { rows in
            for first in stride(from: below.lowerBound, to: rows.upperBound, by: PackedStrips.width) {
                kernels.addTile(
                    tall: MatrixPart(UnsafePointer(at(rows.lowerBound, block.lowerBound)), stride: size),
                    wide: packed.strip(at: first - below.lowerBound, rows: block.count),
                    rows: rows.count,
                    rank: block.count,
                    columns: min(PackedStrips.width, size - first),
                    to: MatrixPart(at(rows.lowerBound, first), stride: size)
                )
            }
        }
    }

    /// Replaces L by its inverse.
    package func invert() {
        for block in blocks.reversed() {
            Self.invert(at(block.lowerBound, block.lowerBound), size: block.count, stride: size)
            let below = block.upperBound..<size
            guard !below.isEmpty else { continue }
            // Below: -(the inverse of the later rows) * L * (the inverse of the block).
            packed.fill(rows: below.count, columns: block.count, workers) { row, column in
                at(below.lowerBound + row, block.lowerBound + column).pointee
            }
            inverse.fill(rows: block.count, columns: block.count) { row, column in
                column > row ? 0 : -at(block.lowerBound + row, block.lowerBound + column).pointee
            }
            replace(below, block) { rows, sums in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: rows.count * Self.block) { scratch in
                    guard let products = scratch.baseAddress else { return }
                    products.initialize(repeating: 0, count: rows.count * Self.block)
                    addProduct(of: rows, below, block, to: products)
                    multiply(UnsafePointer(products), stride: Self.block, rows.count, block.count, into: sums)
                }
            }
        }
    }

    /// Multiplies rows of the existing part of the inverse by the packed part of L. The inverse is lower triangular:
    /// above its diagonal are remains of the matrix.
    private func addProduct(
        of rows: Range<Int>,
        _ below: Range<Int>,
        _ block: Range<Int>,
        to products: UnsafeMutablePointer<Double>
    ) {
        let whole = rows.lowerBound - below.lowerBound
        for first in stride(from: 0, to: block.count, by: PackedStrips.width) {
            let strip = packed.strip(at: first, rows: below.count)
            kernels.addTile(
                tall: MatrixPart(UnsafePointer(at(rows.lowerBound, below.lowerBound)), stride: size),
                wide: strip,
                rows: rows.count,
                rank: whole,
                columns: PackedStrips.width,
                to: MatrixPart(products + first, stride: Self.block)
            )
            for row in rows {
                let offset = row - rows.lowerBound
                kernels.addTile(
                    tall: MatrixPart(UnsafePointer(at(row, rows.lowerBound)), stride: size),
                    wide: MatrixPart(strip.start + whole * PackedStrips.width, stride: PackedStrips.width),
                    rows: 1,
                    rank: offset + 1,
                    columns: PackedStrips.width,
                    to: MatrixPart(products + offset * Self.block + first, stride: Self.block)
                )
            }
        }
    }

    /// Multiplies rows by the packed inverse of a block.
    private func multiply(
        _ tall: UnsafePointer<Double>,
        stride: Int,
        _ rows: Int,
        _ rank: Int,
        into sums: UnsafeMutablePointer<Double>
    ) {
        for first in Swift.stride(from: 0, to: rank, by: PackedStrips.width) {
            kernels.addTile(
                tall: MatrixPart(tall, stride: stride),
                wide: inverse.strip(at: first, rows: rank),
                rows: rows,
                rank: rank,
                columns: PackedStrips.width,
                to: MatrixPart(sums + first, stride: Self.block)
            )
        }
    }

    /// Replaces the columns of a block in rows below it by what `body` adds to zeros: (rows, block).
    private func replace(
        _ below: Range<Int>,
        _ block: Range<Int>,
        _ body: @Sendable (Range<Int>, UnsafeMutablePointer<Double>) -> Void
    ) {
        forEachRows(below, count: 32) { rows in
            withUnsafeTemporaryAllocation(of: Double.self, capacity: rows.count * Self.block) { scratch in
                guard let sums = scratch.baseAddress else { return }
                sums.initialize(repeating: 0, count: rows.count * Self.block)
                body(rows, sums)
                for row in 0..<rows.count {
                    at(rows.lowerBound + row, block.lowerBound).update(
                        from: sums + row * Self.block,
                        count: block.count
                    )
                }
            }
        }
    }

    /// Calls `body` for runs of rows, the last first, because they have the most work.
    private func forEachRows(_ rows: Range<Int>, count: Int, _ body: @Sendable (Range<Int>) -> Void) {
        let tasks = (rows.count + count - 1) / count
        workers.forEach(tasks) { task, _ in
            let first = rows.lowerBound + (tasks - 1 - task) * count
            body(first..<min(first + count, rows.upperBound))
        }
    }

    /// Inverts a small lower triangle in place.
    private static func invert(_ numbers: UnsafeMutablePointer<Double>, size: Int, stride: Int) {
        for column in 0..<size {
            numbers[column * stride + column] = 1 / numbers[column * stride + column]
            for row in (column + 1)..<max(size, column + 1) {
                var sum = 0.0
                for k in column..<row { sum += numbers[row * stride + k] * numbers[k * stride + column] }
                numbers[row * stride + column] = -sum / numbers[row * stride + row]
            }
        }
    }
}

/// A matrix in strips of a few columns, with the rows of a strip one after the other, so that a product reads it in
/// order.
struct PackedStrips: Sendable {
    /// The number of columns in a strip; the last strip is padded with zeros.
    static let width = 16
    private let numbers: NumberBuffer<Double>

    /// - Parameters:
    ///   - longest: the largest number of rows, or of columns.
    ///   - shortest: the largest number of the other.
    init(_ longest: Int, by shortest: Int) throws {
        numbers = try NumberBuffer(
            count: (longest + Self.width) * (shortest + Self.width),
            purpose: "a factor's strips"
        )
    }

    /// Returns the strip whose first column is the given one.
    func strip(at column: Int, rows: Int) -> MatrixPart<UnsafePointer<Double>> {
        MatrixPart(UnsafePointer(numbers.start + column * rows), stride: Self.width)
    }

    func fill(rows: Int, columns: Int, _ workers: Workers = Workers(count: 1), _ number: @Sendable (Int, Int) -> Double)
    {
        workers.forEach((columns + Self.width - 1) / Self.width) { index, _ in
            let first = index * Self.width
            let target = numbers.start + first * rows
            for lane in 0..<Self.width {
                let column = first + lane
                for row in 0..<rows { target[row * Self.width + lane] = column < columns ? number(row, column) : 0 }
            }
        }
    }
}
