import Tensors
import Testing

@Suite struct Q2_0Tests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.q2_0, offset: offset) < ErrorBar.ternary)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.q2_0, halvesAt: [0]) }

    /// The greatest magnitude, then four neighbours to a byte; twice the scale can be read but is not written.
    @Test func theLayoutIsAScaleAndLevels() {
        let weights = (0..<64).map { Float($0 % 4 - 1) / 2 }
        #expect(decode([0x00, 0x38] + [UInt8](repeating: 0b1110_0100, count: 16), as: .q2_0) == weights)
        let kept = weights.map { min($0, 0.5) }
        #expect(encode(kept, as: .q2_0) == [0x00, 0x38] + [UInt8](repeating: 0b1010_0100, count: 16))
    }
}
