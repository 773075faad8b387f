import BlockFormats
import Tensors
import TestSupport
import Testing

@Suite struct FeedbackBlocksTests {
    static let types = TensorType.allCases.filter(BlockCodec.canFeedBack)

    @Test func whichTypesCanBeRoundedSo() {
        #expect(
            Self.types == [
                .q4_0, .q4_1, .q5_0, .q5_1, .q8_0, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .iq4_nl, .iq3_s, .iq2_s, .iq4_xs,
            ]
        )
    }

    /// Blocks of some rows, encoded by the search with random importance, with room for what comes of them.
    private struct Sample {
        let type: TensorType
        let rows = 5
        var weights: [Float]
        var bytes: [UInt8]

        init(_ type: TensorType) {
            self.type = type
            var random = SeededRandom.printed(for: "\(type)")
            let columns = type.block.elements
            weights = (0..<(rows * columns)).map { _ in Float.random(in: -1...1, using: &random) }
            let importance = (0..<columns).map { _ in Float.random(in: 0.1...2, using: &random) }
            bytes = [UInt8](repeating: 0, count: rows * type.block.bytes)
            weights.withUnsafeBufferPointer { weights in
                importance.withUnsafeBufferPointer { importance in
                    bytes.withUnsafeMutableBytes {
                        BlockCodec.encode(rows: weights, importance: importance, as: type, into: $0)
                    }
                }
            }
        }

        var decoded: [Float] {
            var decoded = [Float](repeating: 0, count: weights.count)
            decoded.withUnsafeMutableBufferPointer { decoded in
                bytes.withUnsafeBytes { BlockCodec.decode(type, $0, into: decoded) }
            }
            return decoded
        }

        /// Rounds weights to the blocks' scales; a share of each error goes to the next column.
        /// - Returns: the errors.
        mutating func round(_ weights: [Float], spreading share: Float) -> [Float] {
            let columns = type.block.elements
            let blocks = FeedbackBlocks(type, rows: rows)
            bytes.withUnsafeBytes { blocks.begin($0) }
            let factors = (0..<(stripe * stripe)).map { index -> Float in
                let (row, column) = index.quotientAndRemainder(dividingBy: stripe)
                return row == column ? 0.5 : row + 1 == column ? share : Float(0)
            }
            var (moved, errors) = (weights, weights)
            moved.withUnsafeMutableBufferPointer { moved in
                errors.withUnsafeMutableBufferPointer { errors in
                    factors.withUnsafeBufferPointer { factors in
                        for first in Swift.stride(from: 0, to: columns, by: stripe) {
                            blocks.round(
                                first,
                                rows: rows,
                                weights: MatrixPart(moved.baseAddress! + first, stride: columns),
                                factors: MatrixPart(factors.baseAddress!, stride: stripe),
                                errors: MatrixPart(errors.baseAddress! + first, stride: columns)
                            )
                        }
                    }
                }
            }
            bytes.withUnsafeMutableBytes { blocks.finish($0) }
            return errors
        }
    }

    /// Scales stay, and each weight that a block can hold finds its own code again.
    @Test(arguments: types) func whatWasDecodedIsRoundedToItself(_ type: TensorType) {
        var sample = Sample(type)
        let before = sample.decoded
        let errors = sample.round(before, spreading: 0.25)
        #expect(zip(sample.decoded, before).allSatisfy { abs($0 - $1) <= 1e-5 }, "\(type)")
        #expect(errors.allSatisfy { abs($0) < 1e-4 })
    }

    /// Without anything to spread, no code is further from its weight than the search's own.
    @Test(arguments: types) func aloneEachWeightGoesToTheNearest(_ type: TensorType) {
        var sample = Sample(type)
        func error(_ decoded: [Float]) -> Float {
            zip(decoded, sample.weights).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        let before = error(sample.decoded)
        let errors = sample.round(sample.weights, spreading: 0)
        #expect(error(sample.decoded) <= before * 1.0001, "\(type)")
        for ((made, weight), error) in zip(zip(sample.decoded, sample.weights), errors) {
            #expect(abs((made - weight) / 0.5 - error) < 1e-4)
        }
    }

    /// What a column lost goes to those behind it: the sum of the row's errors hardly grows.
    @Test(arguments: types) func errorsReachTheColumnsBehind(_ type: TensorType) {
        func sums(_ sample: Sample) -> Float {
            stride(from: 0, to: sample.weights.count, by: stripe).reduce(0) { total, first in
                let sum = (first..<(first + stripe)).reduce(Float(0)) { $0 + sample.decoded[$1] - sample.weights[$1] }
                return total + abs(sum)
            }
        }
        // One block may be lucky; many are not.
        var totals: (alone: Float, spread: Float) = (0, 0)
        for _ in 0..<32 {
            let sample = Sample(type)
            var (alone, spread) = (sample, sample)
            _ = alone.round(alone.weights, spreading: 0)
            // As if all columns always had the same input: each error goes wholly to the next column.
            _ = spread.round(spread.weights, spreading: -0.5)
            totals.alone += sums(alone)
            totals.spread += sums(spread)
        }
        #expect(totals.spread < totals.alone, "\(type)")
    }

    private static let hostile: [Float] = [.infinity, -.infinity, .nan, 1e38, -1e38]

    /// Weights that errors have blown up end in some code, never in a trap.
    @Test(arguments: types, hostile) func hugeWeightsDoNotTrap(_ type: TensorType, _ value: Float) {
        var sample = Sample(type)
        _ = sample.round(sample.weights.enumerated().map { $0 % 7 == 3 ? value : $1 }, spreading: -0.5)
    }
}

private let stripe = FeedbackBlocks.stripe
