import Tensors
import Testing

@Suite struct IQ4_NLTests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.iq4_nl, offset: offset) < ErrorBar.fourToSixBits)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.iq4_nl, halvesAt: [0]) }

    /// A scale of 0.5, then weight `i` in the lower and weight `i + 16` in the upper half of byte `i`.
    @Test func theLayoutIsLowerHalvesFirst() {
        let values: [Float] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]
        let weights = values.map { $0 / 2 } + values.reversed().map { $0 / 2 }
        let bytes: [UInt8] = [0x00, 0x38] + (0..<16).map { UInt8($0) | UInt8(15 - $0) << 4 }
        #expect(decode(bytes, as: .iq4_nl) == weights)
        #expect(encode(weights, as: .iq4_nl) == bytes)
    }
}
