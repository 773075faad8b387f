import Tensors
import Testing

@Suite struct IQ2_XXSTests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.iq2_xxs, offset: offset) < ErrorBar.twoBits)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.iq2_xxs, halvesAt: [0]) }

    /// The last eight weights: the lowest point, one minus sign stored, the other implied; the largest scale.
    @Test func theLayoutIsPointsThenSignsAndScale() {
        let bytes: [UInt8] = [0x00, 0x3c] + [UInt8](repeating: 0, count: 63) + [0xf0 | 0x02]
        var last = [Float](repeating: 15.5 * 0.25 * 8, count: 8)
        (last[4], last[7]) = (-last[4], -last[7])
        #expect(
            decode(bytes, as: .iq2_xxs) == [Float](repeating: 1, count: 224) + [Float](repeating: 31, count: 24) + last
        )
    }
}
