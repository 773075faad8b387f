import Tensors
import Testing

@Suite struct Q5_1Tests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.q5_1, offset: offset) < ErrorBar.fourToSixBits)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.q5_1, halvesAt: [0, 2]) }

    /// A scale of 1 and a minimum of 2, the fifth bits, then the lower four.
    @Test func theLayoutIsScaleMinimumFifthBitsNumbers() {
        let weights = (0..<32).map { Float($0) + 2 }
        let bytes: [UInt8] = [0x00, 0x3c, 0x00, 0x40, 0x00, 0x00, 0xff, 0xff] + (0..<16).map { UInt8($0 | $0 << 4) }
        #expect(decode(bytes, as: .q5_1) == weights)
        #expect(encode(weights, as: .q5_1) == bytes)
    }
}
