import Tensors
import Testing

@Suite struct IQ1_MTests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.iq1_m, offset: offset) < ErrorBar.oneBit)
    }

    /// The scale's four bits at a time stand above the groups' scales.
    @Test func onlyAnInfiniteScaleMakesABlockUnusable() {
        for (scale, usable) in [(0x7c00, false), (0xfc00, false), (0x7e01, false), (0x7bff, true)] as [(UInt16, Bool)] {
            var bytes = [UInt8](repeating: 0x0f, count: 56)
            for part in 0..<4 { bytes[49 + part * 2] |= UInt8(truncatingIfNeeded: scale >> UInt16(part * 4) & 15) << 4 }
            #expect(isUsable(bytes, .iq1_m) == usable)
        }
    }

    /// The first half of the last group: the highest point shifted down; the second: the lowest shifted up.
    @Test func theLayoutIsLowBitsHighBitsScales() {
        var bytes = [UInt8](repeating: 0, count: 56)
        (bytes[30], bytes[47]) = (0xff, 0x0f)
        (bytes[53], bytes[55]) = (0xc0, 0x3e)
        let weights = decode(bytes, as: .iq1_m)
        #expect(weights[..<240].allSatisfy { $0 == -0.875 })
        #expect(weights[240..<248].allSatisfy { $0 == 15 * 0.875 })
        #expect(weights[248...].allSatisfy { $0 == 15 * -0.875 })
    }
}
