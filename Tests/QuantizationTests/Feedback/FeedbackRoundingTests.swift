import BinaryIO
import BlockFormats
import Quantization
import Tensors
import TestSupport
import Testing

@Suite struct FeedbackRoundingTests {
    static let types = TensorType.allCases.filter(FeedbackRounding.canEncode)
    private static let rows = 70

    private func encode(
        _ weights: [Float],
        _ type: TensorType,
        _ basis: FeedbackBasis,
        _ kernels: Kernels = .fastest
    ) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: type.byteCount(elements: weights.count) ?? 0)
        weights.withUnsafeBufferPointer { weights in
            bytes.withUnsafeMutableBytes {
                FeedbackRounding(to: type, basis: basis, kernels: kernels).encode(weights, into: $0)
            }
        }
        return bytes
    }

    private func errors(_ bytes: [UInt8], _ type: TensorType, _ weights: [Float]) -> [Float] {
        var decoded = weights
        decoded.withUnsafeMutableBufferPointer { decoded in
            bytes.withUnsafeBytes { BlockCodec.decode(type, $0, into: decoded) }
        }
        return zip(decoded, weights).map { $0 - $1 }
    }

    /// Judged on inputs that nothing was fitted to. Stock decoders read the bytes.
    @Test(arguments: types) func theOutputsAreCloserThanByTheReferencesRounding(_ type: TensorType) throws {
        let columns = 512
        var all = CorrelatedInputs(columns: columns, tokens: 1280)
        let weights = all.weights(rows: 20)
        let (fitted, held) = (all.part(..<1024), try all.part(1024...).held())
        let basis = try #require(try FeedbackBasis(fitted.correlation(), damping: 0.1, kernels: .fastest, threads: 2))
        var plain = [UInt8](repeating: 0, count: type.byteCount(elements: weights.count) ?? 0)
        weights.withUnsafeBufferPointer { weights in
            basis.meanSquares.withUnsafeBufferPointer { importance in
                plain.withUnsafeMutableBytes {
                    BlockCodec.encode(rows: weights, importance: importance, as: type, into: $0)
                }
            }
        }
        func outputError(_ bytes: [UInt8]) -> Double {
            errors(bytes, type, weights).withUnsafeBufferPointer { held.outputError(of: $0, kernels: .fastest) }
        }
        let (before, after) = (outputError(plain), outputError(encode(weights, type, basis)))
        #expect(after < 0.6 * before, "\(type): \(after / before) of the error is left")
    }

    @Test func theErrorOfOutputsIsTheirSumOfSquares() throws {
        var inputs = CorrelatedInputs(columns: 64, tokens: 37)
        let errors = inputs.weights(rows: 3)
        let expected = inputs.rows.reduce(0.0) { sum, input in
            (0..<3).reduce(sum) { sum, row in
                let output = (0..<64).reduce(0.0) { $0 + Double(errors[row * 64 + $1]) * Double(input[$1]) }
                return sum + output * output
            }
        }
        let found = try errors.withUnsafeBufferPointer { try inputs.held().outputError(of: $0, kernels: .fastest) }
        #expect(abs(found / expected - 1) < 1e-4)
    }

    /// Costs can be taken from some rows alone.
    @Test(arguments: [TensorType.q3_K, .q4_0, .iq3_s]) func aRowsBytesDoNotDependOnTheOthers(_ type: TensorType) throws
    {
        var inputs = CorrelatedInputs(columns: 768, tokens: 400)
        let weights = inputs.weights(rows: Self.rows)
        let basis = try #require(try FeedbackBasis(inputs.correlation(), damping: 0.1, kernels: .fastest, threads: 1))
        let whole = encode(weights, type, basis)
        let rowBytes = whole.count / Self.rows
        for row in [0, 3, 63, 64, 69] {
            let alone = encode(Array(weights[(row * 768)..<((row + 1) * 768)]), type, basis)
            #expect(alone == Array(whole[(row * rowBytes)..<((row + 1) * rowBytes)]))
        }
    }

    @Test(arguments: types) func everyKernelAndThreadCountGivesTheSameBytes(_ type: TensorType) throws {
        var inputs = CorrelatedInputs(columns: 512, tokens: 300)
        let weights = inputs.weights(rows: 7)
        let correlation = try inputs.correlation()
        let digests = try Kernels.available.enumerated().map { number, kernels in
            let basis = try FeedbackBasis(correlation, damping: 0.1, kernels: kernels, threads: number + 1)
            return SHA256Digest(of: encode(weights, type, try #require(basis), kernels))
        }
        #expect(Set(digests).count == 1)
    }

    /// Columns that no input reached get no errors of others, and their own cost nothing.
    @Test(arguments: [TensorType.q4_K, .iq2_s]) func deadColumnsAreRoundedToo(_ type: TensorType) throws {
        let dead = Set(stride(from: 0, to: 512, by: 5))
        var inputs = CorrelatedInputs(columns: 512, tokens: 300, dead: dead)
        let weights = inputs.weights(rows: 4)
        let basis = try #require(try FeedbackBasis(inputs.correlation(), damping: 0.1, kernels: .fastest, threads: 1))
        let bytes = encode(weights, type, basis)
        #expect(errors(bytes, type, weights).allSatisfy { abs($0) < 0.1 })
        #expect(basis.meanSquares.enumerated().allSatisfy { ($1 == 0) == dead.contains($0) })
    }

    @Test func inputsOfZerosAreNoBasis() throws {
        let inputs = CorrelatedInputs(columns: 64, tokens: 40, dead: Set(0..<64))
        #expect(try FeedbackBasis(inputs.correlation(), damping: 0.1, kernels: .fastest, threads: 1) == nil)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity]) func inputsThatAreNoNumbersAreRefused(_ value: Double) throws
    {
        let correlation = try CorrelatedInputs(columns: 64, tokens: 40).correlation()
        correlation.row(9)[3] = value
        #expect(!correlation.isFinite)
        #expect(throws: QuantizationProblem.badCorrelation) {
            _ = try FeedbackBasis(correlation, damping: 0.1, kernels: .fastest, threads: 1)
        }
    }

    @Test func whatExpertsSawIsAddedUp() throws {
        let parts = try [CorrelatedInputs(columns: 64, tokens: 40), CorrelatedInputs(columns: 64, tokens: 7)].map {
            inputs in
            let sum = try MatrixInputs(columns: 64)
            try sum.correlation.add(inputs.correlation())
            try sum.held.add(inputs.held())
            return sum
        }
        let pooled = try #require(try MatrixInputs.pooled(parts))
        #expect(pooled.correlation.tokenCount == 47 && pooled.held.tokenCount == 47)
        #expect(pooled.correlation.row(5)[2] == parts[0].correlation.row(5)[2] + parts[1].correlation.row(5)[2])
        #expect(try MatrixInputs.pooled([]) == nil)
        #expect(parts[0].suffice && !parts[1].suffice)
    }
}
