import BlockFormats
import Tensors
import TestSupport
import Testing

/// Every variant that this processor runs gives the bytes of the Swift definition.
@Suite struct EncoderVariantTests {
    static let variants = Kernels.available.filter { $0 != .swift }

    /// Fewer blocks than lanes, exactly as many, and some over.
    @Test(arguments: BlockCodecTests.types, variants)
    func encodersGiveTheDefinitionsBytes(_ type: TensorType, _ kernels: Kernels) throws {
        var random = SeededRandom.printed(for: "\(type.name) \(kernels)")
        for sample in Sample.allCases {
            for count in [1, 3, 16, 21] {
                let weights = (0..<count).flatMap { _ in sample.block(&random) }
                try #require(
                    encode(weights, as: type, kernels: kernels) == encode(weights, as: type, kernels: .swift),
                    "\(sample), \(count) times 256 weights"
                )
            }
        }
    }

    /// Rows shorter and longer than a batch of blocks, so that batches span rows.
    @Test(arguments: BlockCodecTests.types, variants)
    func encodersGiveTheDefinitionsBytesWithImportance(_ type: TensorType, _ kernels: Kernels) throws {
        var random = SeededRandom.printed(for: "\(type.name) \(kernels)")
        for sample in Sample.allCases {
            for (rowBlocks, rows) in [(1, 1), (1, 19), (3, 7), (18, 2)] {
                let columns = rowBlocks * 256
                let weights = (0..<(rowBlocks * rows)).flatMap { _ in sample.block(&random) }
                for importance in importances(columns, &random) {
                    try #require(
                        encode(weights, importance: importance, as: type, kernels: kernels)
                            == encode(weights, importance: importance, as: type, kernels: .swift),
                        "\(sample), \(rows) rows of \(columns)"
                    )
                }
            }
        }
    }

    /// Of the usual kind, with columns that never count, and with none that does.
    private func importances(_ columns: Int, _ random: inout SeededRandom) -> [[Float]] {
        let usual = (0..<columns).map { _ in Float.random(in: 0.01...4, using: &random) }
        return [usual, usual.map { $0 < 2 ? 0 : $0 }, [Float](repeating: 0, count: columns)]
    }

    /// Every half, what lies just beside it, and what lies between it and the next.
    @Test(arguments: variants)
    func halvesAreRoundedAsTheDefinitionRoundsThem(_ kernels: Kernels) {
        let halves = (0...UInt16.max).map(HalfFloat.decode)
        let between = zip(halves, halves.dropFirst()).map { ($0 + $1) / 2 }
        let weights = halves + halves.map(\.nextUp) + halves.map(\.nextDown) + between + [1e30, -1e-30, .nan, -.nan]
        #expect(encode(weights, as: .f16, kernels: kernels) == encode(weights, as: .f16, kernels: .swift))
    }

    @Test(arguments: variants)
    func halvesDecodeAsTheDefinitionDecodesThem(_ kernels: Kernels) {
        let all = (0...UInt16.max).map(\.self)
        // A length that is no multiple of any number of lanes.
        for halves in [all, Array(all[0x3bff..<0x3c0e])] {
            let decoded = [kernels, .swift].map { kernels in
                var weights = [Float](repeating: 0, count: halves.count)
                weights.withUnsafeMutableBufferPointer { weights in
                    halves.withUnsafeBytes { BlockCodec.decode(.f16, $0, kernels: kernels, into: weights) }
                }
                return weights.map(\.bitPattern)
            }
            #expect(decoded[0] == decoded[1])
        }
    }
}
