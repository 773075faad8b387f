import Tensors
import Testing

@Suite struct IQ1_STests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.iq1_s, offset: offset) < ErrorBar.oneBit)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.iq1_s, halvesAt: [0]) }

    /// The last group: the highest point, which has all digits at the top, scaled by 2 * 7 + 1 and shifted down.
    @Test func theLayoutIsScaleLowBitsThenWords() {
        var bytes: [UInt8] = [0x00, 0x3c] + [UInt8](repeating: 0, count: 48)
        for index in 30..<34 { bytes[index] = 0xff }
        (bytes[48], bytes[49]) = (0xff, 0xff)
        let weights = decode(bytes, as: .iq1_s)
        #expect(weights[..<224].allSatisfy { $0 == -0.875 })
        #expect(weights[224...].allSatisfy { $0 == 15 * 0.875 })
    }
}
