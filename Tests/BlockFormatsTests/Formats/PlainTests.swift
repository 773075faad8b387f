import Tensors
import TestSupport
import Testing

/// F32, F16 and BF16.
@Suite struct PlainTests {
    @Test func singlePrecisionIsCopied() {
        let weights: [Float] = [0, -0.0, 1.5, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
        #expect(encode(weights, as: .f32).count == 20)
        #expect(decode(encode(weights, as: .f32), as: .f32).map(\.bitPattern) == weights.map(\.bitPattern))
    }

    @Test func halvesGoThroughTheConversionsOfTensors() {
        var random = SeededRandom.printed()
        let weights = Sample.wideRange.block(&random)
        let halves = weights.map(HalfFloat.encode)
        #expect(encode(weights, as: .f16) == halves.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
        #expect(decode(encode(weights, as: .f16), as: .f16) == halves.map(HalfFloat.decode))
        let brains = weights.map(BrainFloat.encode)
        #expect(encode(weights, as: .bf16) == brains.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] })
        #expect(decode(encode(weights, as: .bf16), as: .bf16) == brains.map(BrainFloat.decode))
    }

    @Test func aWeightBeyondHalfPrecisionIsUnusableInF16Only() {
        for weight in [65_520, -1e30] as [Float] {
            #expect(!isUsable(encode([1, weight], as: .f16), .f16))
            #expect(isUsable(encode([1, weight], as: .bf16), .bf16) && isUsable(encode([1, weight], as: .f32), .f32))
        }
    }

    @Test func aWeightThatRoundsToInfinityIsUnusableInBF16() {
        #expect(!isUsable(encode([1, -.greatestFiniteMagnitude], as: .bf16), .bf16))
        #expect(isUsable(encode([1, -.greatestFiniteMagnitude], as: .f32), .f32))
    }
}
