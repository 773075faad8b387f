import BlockFormats
import TestSupport
import Testing

@Suite struct ThinProductTests {
    /// Shapes that fill tiles, and shapes that leave rows, columns or both.
    @Test(arguments: Kernels.available, [(4, 8, 64), (5, 3, 33), (1, 16, 7), (9, 1, 256)])
    func everyVariantAddsTheTermsInTheirOrder(_ kernels: Kernels, _ shape: (rows: Int, rank: Int, columns: Int)) {
        var random = SeededRandom.printed(for: "\(kernels) \(shape)")
        func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1, using: &random) } }
        let (tall, wide) = (numbers(shape.rows * shape.rank), numbers(shape.rank * shape.columns))
        let start = numbers(shape.rows * shape.columns)
        var sums = start
        sums.withUnsafeMutableBufferPointer { kernels.addProduct(tall: tall, wide: wide, rank: shape.rank, to: $0) }
        for index in sums.indices {
            let (row, column) = index.quotientAndRemainder(dividingBy: shape.columns)
            let expected = (0..<shape.rank).reduce(start[index]) { sum, k in
                sum + tall[row * shape.rank + k] * wide[k * shape.columns + column]
            }
            #expect(sums[index] == expected)
        }
    }
}
