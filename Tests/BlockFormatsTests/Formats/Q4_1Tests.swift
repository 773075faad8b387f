import Tensors
import Testing

@Suite struct Q4_1Tests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.q4_1, offset: offset) < ErrorBar.fourToSixBits)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.q4_1, halvesAt: [0, 2]) }

    /// A scale of 0.5 and a minimum of -3, then numbers as in Q4_0.
    @Test func theLayoutIsScaleMinimumNumbers() {
        let weights: [Float] = (0..<16).map { Float($0) / 2 - 3 } + (0..<16).map { Float(15 - $0) / 2 - 3 }
        let bytes: [UInt8] = [0x00, 0x38, 0x00, 0xc2] + (0..<16).map { UInt8($0) | UInt8(15 - $0) << 4 }
        #expect(decode(bytes, as: .q4_1) == weights)
        #expect(encode(weights, as: .q4_1) == bytes)
    }

    @Test func aConstantBlockIsItsMinimum() {
        #expect(
            decode(encode([Float](repeating: 1.5, count: 32), as: .q4_1), as: .q4_1)
                == [Float](repeating: 1.5, count: 32)
        )
    }
}
