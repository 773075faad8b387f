import Tensors
import Testing

@Suite struct IQ4_XSTests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.iq4_xs, offset: offset) < ErrorBar.fourToSixBits)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.iq4_xs, halvesAt: [0]) }

    /// The last group's scale is 47 - 32, in four lower and two upper bits.
    @Test func theLayoutIsScaleGroupScalesLevels() {
        var bytes: [UInt8] = [0x00, 0x3c] + [UInt8](repeating: 0, count: 134)
        (bytes[3], bytes[7], bytes[135]) = (0x80, 0xf0, 0x0f)
        let weights = decode(bytes, as: .iq4_xs)
        #expect(weights[..<224] == [Float](repeating: -32 * -127, count: 224)[...])
        #expect(weights[239] == 15 * 113 && weights[255] == 15 * -127)
    }
}
