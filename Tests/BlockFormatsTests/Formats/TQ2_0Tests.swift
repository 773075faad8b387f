import Tensors
import Testing

@Suite struct TQ2_0Tests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.tq2_0, offset: offset) < ErrorBar.ternary)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.tq2_0, halvesAt: [64]) }

    @Test func theLayoutIsFourWeightsThatStand32Apart() {
        let weights = (0..<256).map { Float($0 / 32 % 3) - 1 }
        let bytes =
            [UInt8](repeating: 0b0010_0100, count: 32) + [UInt8](repeating: 0b0100_1001, count: 32) + [0x00, 0x3c]
        #expect(encode(weights, as: .tq2_0) == bytes)
        #expect(decode(bytes, as: .tq2_0) == weights)
    }
}
