import Tensors
import Testing

@Suite struct IQ3_XXSTests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.iq3_xxs, offset: offset) < ErrorBar.threeBitsClosely)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.iq3_xxs, halvesAt: [0]) }

    /// The last eight weights: one minus sign stored, the other implied; the largest scale.
    @Test func theLayoutIsPointsThenSignsAndScales() {
        let bytes: [UInt8] = [0x00, 0x3c] + [UInt8](repeating: 0, count: 95) + [0xf0 | 0x02]
        var last = [Float](repeating: 15.5 * 0.5 * 4, count: 8)
        (last[4], last[7]) = (-last[4], -last[7])
        #expect(
            decode(bytes, as: .iq3_xxs) == [Float](repeating: 1, count: 224) + [Float](repeating: 31, count: 24) + last
        )
    }
}
