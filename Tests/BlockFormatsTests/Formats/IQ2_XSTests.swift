import Tensors
import Testing

@Suite struct IQ2_XSTests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.iq2_xs, offset: offset) < ErrorBar.twoBits)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.iq2_xs, halvesAt: [0]) }

    /// The last eight weights: the highest point, two minus signs, the largest scale.
    @Test func theLayoutIsPointsWithSignsThenScales() {
        let bytes: [UInt8] =
            [0x00, 0x3c] + [UInt8](repeating: 0, count: 62) + [0xff, 0x07] + [UInt8](repeating: 0, count: 7) + [0xf0]
        let weights = decode(bytes, as: .iq2_xs)
        #expect(weights[..<240] == [Float](repeating: 1, count: 240)[...])
        #expect(weights[240..<248] == [Float](repeating: 31, count: 8)[...])
        #expect(weights[248...].map { $0 < 0 } == [true, true, false, false, false, false, false, false])
        #expect(weights[255] == 15.5 * 0.25 * 43)
    }
}
