import Tensors
import Testing

@Suite struct IQ2_STests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.iq2_s, offset: offset) < ErrorBar.twoBits)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.iq2_s, halvesAt: [0]) }

    /// The last eight weights: the highest point, one minus sign, the largest scale.
    @Test func theLayoutIsPointsSignsHighBitsScales() {
        var bytes: [UInt8] = [0x00, 0x3c] + [UInt8](repeating: 0, count: 80)
        (bytes[33], bytes[65], bytes[73], bytes[81]) = (0xff, 0x01, 0xc0, 0xf0)
        let weights = decode(bytes, as: .iq2_s)
        #expect(weights[..<240] == [Float](repeating: 1, count: 240)[...])
        #expect(weights[248...] == ([-1] + [Float](repeating: 1, count: 7)).map { $0 * 15.5 * 0.25 * 43 }[...])
    }
}
