import Tensors
import Testing

@Suite struct Q1_0Tests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.q1_0, offset: offset) < ErrorBar.oneBit)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.q1_0, halvesAt: [0]) }

    /// The mean magnitude, then a bit a weight, set where it is not negative.
    @Test func theLayoutIsAScaleAndSigns() {
        let weights = (0..<128).map { $0 % 8 < 4 ? Float(0.5) : -0.5 }
        let bytes: [UInt8] = [0x00, 0x38] + [UInt8](repeating: 0x0f, count: 16)
        #expect(encode(weights, as: .q1_0) == bytes)
        #expect(decode(bytes, as: .q1_0) == weights)
    }
}
