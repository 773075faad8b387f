import BlockFormats
import Tensors
import TestSupport
import Testing

/// Decoders of every kernel variant against the Swift definition.
@Suite struct DecoderVariantTests {
    static let variants = Kernels.available.filter { $0 != .swift }
    static let types = TensorType.allCases.filter { BlockCodec.canDecode($0) }

    @Test(arguments: types, variants)
    func anyBytesDecodeToTheSameNumbers(_ type: TensorType, _ kernels: Kernels) {
        var random = SeededRandom.printed(for: "\(type.name) \(kernels)")
        for blocks in [1, 2, 7, 40] {
            let bytes = (0..<(blocks * type.block.bytes)).map { _ in UInt8.random(in: 0...255, using: &random) }
            func decode(_ kernels: Kernels) -> [Float] {
                var weights = [Float](repeating: 0, count: blocks * type.block.elements)
                bytes.withUnsafeBytes { bytes in
                    weights.withUnsafeMutableBufferPointer {
                        BlockCodec.decode(type, bytes, kernels: kernels, into: $0)
                    }
                }
                return weights
            }
            for (found, expected) in zip(decode(kernels), decode(.swift)) {
                // Which of several NaNs comes out is nobody's concern.
                #expect(found.bitPattern == expected.bitPattern || found.isNaN && expected.isNaN)
            }
        }
    }
}
