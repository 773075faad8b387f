import Tensors
import Testing

@Suite struct Q5_0Tests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.q5_0, offset: offset) < ErrorBar.fourToSixBits)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.q5_0, halvesAt: [0]) }

    /// A scale of 1, the fifth bits as one number, bit `i` for weight `i`, then the lower four as in Q4_0.
    @Test func theLayoutKeepsFifthBitsApart() {
        let weights = (-16..<16).map { Float($0) }
        let bytes: [UInt8] = [0x00, 0x3c, 0x00, 0x00, 0xff, 0xff] + (0..<16).map { UInt8($0 | $0 << 4) }
        #expect(decode(bytes, as: .q5_0) == weights)
        #expect(encode(weights, as: .q5_0) == bytes)
    }
}
