import BlockFormats
import Tensors
import TestSupport
import Testing

@Suite struct BlockCodecTests {
    static let types = TensorType.allCases.filter { BlockCodec.canEncode($0) }

    @Test func everyFormatOfAModelFileIsKnown() {
        let unknown: [TensorType] = [.q8_1, .q8_K, .i8, .i16, .i32, .i64, .f64]
        #expect(TensorType.allCases.filter { !BlockCodec.canDecode($0) } == unknown)
        #expect(TensorType.allCases.filter { BlockCodec.canDecode($0) && !BlockCodec.canEncode($0) } == [.nvfp4])
    }

    @Test func threeTypesNeedAnImportanceMatrix() {
        #expect(TensorType.allCases.filter { BlockCodec.needsImportance($0) } == [.iq2_xxs, .iq2_xs, .iq1_s])
    }

    /// What a block becomes depends on its own weights only, so blocks may be cut into runs anywhere.
    @Test(arguments: types)
    func blocksDoNotDependOnTheirNeighbours(_ type: TensorType) {
        var random = SeededRandom.printed()
        let weights = (0..<6).flatMap { _ in Sample.random.block(&random) }
        let apart = ScalarEncoder.groups(weights, of: type.block.elements).flatMap { encode($0, as: type) }
        #expect(encode(weights, as: type) == apart)
        #expect(encode([], as: type).isEmpty && decode([], as: type).isEmpty)
    }

    /// Any finite numbers have bytes, and usable bytes decode to finite numbers.
    @Test(arguments: types, Sample.allCases)
    func encodersTakeAnyFiniteNumbers(_ type: TensorType, _ sample: Sample) {
        var random = SeededRandom.printed(for: "\(type.name) \(sample)")
        for _ in 0..<100 {
            let bytes = encode(sample.block(&random), as: type)
            if isUsable(bytes, type) { #expect(decode(bytes, as: type).allSatisfy { $0.isFinite }) }
        }
    }

    /// Any bytes decode without a trap, and a second encoding of what they say is stable in size.
    @Test(arguments: types)
    func decodersTakeAnyBytes(_ type: TensorType) {
        var random = SeededRandom.printed()
        for _ in 0..<500 {
            let bytes = (0..<type.block.bytes).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(decode(bytes, as: type).count == type.block.elements)
        }
    }

    @Test(arguments: Kernels.available)
    func theLargestMagnitudeIsFoundWhereverItStands(_ kernels: Kernels) {
        func greatest(_ weights: [Float]) -> Float {
            weights.withUnsafeBufferPointer { BlockCodec.greatestMagnitude(in: $0, kernels: kernels) }
        }
        for value in [Float.infinity, -.infinity, .nan, -.signalingNaN, 0x1p28, -3] {
            for index in [0, 7, 98, 99] {
                var weights = [Float](repeating: -2, count: 100)
                weights[index] = value
                #expect(greatest(weights).bitPattern == value.magnitude.bitPattern)
                #expect(greatest(weights).isFinite == value.isFinite)
            }
        }
        #expect(greatest([]) == 0 && greatest([-0.0, 0]) == 0)
        #expect(greatest([-.leastNonzeroMagnitude]) == .leastNonzeroMagnitude)
    }
}
