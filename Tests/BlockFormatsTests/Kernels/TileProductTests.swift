import BlockFormats
import TestSupport
import Testing

@Suite struct TileProductTests {
    /// Shapes that fill vectors and tiles, and shapes that leave rows, columns or both.
    static let shapes = [(4, 8, 64), (5, 3, 33), (1, 16, 7), (9, 1, 256), (64, 256, 32), (3, 0, 16)]

    @Test(arguments: Kernels.available, shapes)
    func everyVariantAddsTheTermsInTheirOrder(_ kernels: Kernels, _ shape: (rows: Int, rank: Int, columns: Int)) {
        check(kernels, shape, Float.self) {
            kernels.addTile(tall: $0, wide: $1, rows: $2, rank: $3, columns: $4, to: $5)
        }
        check(kernels, shape, Double.self) {
            kernels.addTile(tall: $0, wide: $1, rows: $2, rank: $3, columns: $4, to: $5)
        }
    }

    private typealias Product<Number> = (
        MatrixPart<UnsafePointer<Number>>, MatrixPart<UnsafePointer<Number>>, Int, Int, Int,
        MatrixPart<UnsafeMutablePointer<Number>>
    ) -> Void

    /// Rows lie further apart than they are long; what is between stays.
    private func check<Number: BinaryFloatingPoint>(
        _ kernels: Kernels,
        _ shape: (rows: Int, rank: Int, columns: Int),
        _: Number.Type,
        _ product: Product<Number>
    ) where Number.RawSignificand: FixedWidthInteger {
        var random = SeededRandom.printed(for: "\(kernels) \(shape)")
        func numbers(_ count: Int) -> [Number] { (0..<count).map { _ in Number.random(in: -1...1, using: &random) } }
        let (tallStride, wideStride, outStride) = (shape.rank + 1, shape.columns + 2, shape.columns + 3)
        let (tall, wide) = (numbers(shape.rows * tallStride), numbers((shape.rank + 1) * wideStride))
        let start = numbers(shape.rows * outStride)
        var sums = start
        sums.withUnsafeMutableBufferPointer { sums in
            tall.withUnsafeBufferPointer { tall in
                wide.withUnsafeBufferPointer { wide in
                    product(
                        MatrixPart(tall.baseAddress!, stride: tallStride),
                        MatrixPart(wide.baseAddress!, stride: wideStride),
                        shape.rows,
                        shape.rank,
                        shape.columns,
                        MatrixPart(sums.baseAddress!, stride: outStride)
                    )
                }
            }
        }
        for index in sums.indices {
            let (row, column) = index.quotientAndRemainder(dividingBy: outStride)
            let expected = (0..<(column < shape.columns ? shape.rank : 0)).reduce(start[index]) { sum, k in
                sum + tall[row * tallStride + k] * wide[k * wideStride + column]
            }
            #expect(sums[index] == expected)
        }
    }
}
