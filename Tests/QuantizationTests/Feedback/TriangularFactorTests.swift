import BlockFormats
import Quantization
import TestSupport
import Testing
import Work

@Suite struct TriangularFactorTests {
    /// Sizes around those of blocks and strips.
    @Test(arguments: [1, 2, 15, 16, 17, 127, 128, 129, 300]) func theInverseTimesTheFactorIsOne(_ size: Int) throws {
        var random = SeededRandom.printed(for: "\(size)")
        let root = (0..<(size * size)).map { _ in Double.random(in: -1...1, using: &random) }
        var matrix = [Double](repeating: .nan, count: size * size)  // above the diagonal nothing may be read
        for row in 0..<size {
            for column in 0...row {
                let sum = (0..<size).reduce(0.0) { $0 + root[row * size + $1] * root[column * size + $1] }
                matrix[row * size + column] = sum + (row == column ? 1 : 0)
            }
        }
        let whole = matrix
        try matrix.withUnsafeMutableBufferPointer { numbers in
            let triangle = try TriangularFactor(
                size: size,
                numbers.baseAddress!,
                kernels: .fastest,
                workers: Workers(count: 2)
            )
            #expect(triangle.factor())
            let factor = Array(numbers)
            for row in 0..<size {
                for column in 0...row {
                    let sum = (0...column).reduce(0.0) { $0 + factor[row * size + $1] * factor[column * size + $1] }
                    #expect(abs(sum - whole[row * size + column]) < 1e-9 * Double(size))
                }
            }
            triangle.invert()
            for row in 0..<size {
                for column in 0...row {
                    let sum = (column...row).reduce(0.0) { $0 + numbers[row * size + $1] * factor[$1 * size + column] }
                    #expect(abs(sum - (row == column ? 1 : 0)) < 1e-9 * Double(size))
                }
            }
        }
    }

    @Test func everyThreadCountAndKernelGivesTheSameBits() throws {
        let size = 200
        var inputs = CorrelatedInputs(columns: size, tokens: 300)
        _ = inputs.weights(rows: 1)
        let correlation = try inputs.correlation()
        func inverse(_ kernels: Kernels, _ threads: Int) throws -> [UInt64] {
            var matrix = [Double](repeating: 0, count: size * size)
            for column in 0..<size {
                for (offset, sum) in correlation.row(column).enumerated() {
                    matrix[(column + offset) * size + column] = sum
                }
                matrix[column * size + column] += 10
            }
            try matrix.withUnsafeMutableBufferPointer {
                let workers = Workers(count: threads)
                let triangle = try TriangularFactor(size: size, $0.baseAddress!, kernels: kernels, workers: workers)
                #expect(triangle.factor())
                triangle.invert()
            }
            return (0..<size).flatMap { row in (0...row).map { matrix[row * size + $0].bitPattern } }
        }
        let first = try inverse(.swift, 1)
        for kernels in Kernels.available { #expect(try inverse(kernels, 3) == first, "\(kernels)") }
    }

    @Test(arguments: [-1.0, 0, .nan, .infinity]) func whatIsNotPositiveDefiniteIsToldApart(_ value: Double) throws {
        var matrix = [4, 0, 0, 1, 4, 0, 1, 1, value]
        try matrix.withUnsafeMutableBufferPointer {
            let workers = Workers(count: 1)
            let triangle = try TriangularFactor(size: 3, $0.baseAddress!, kernels: .swift, workers: workers)
            #expect(!triangle.factor())
        }
    }
}
