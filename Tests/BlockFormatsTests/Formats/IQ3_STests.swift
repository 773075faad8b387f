import Tensors
import Testing

@Suite struct IQ3_STests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.iq3_s, offset: offset) < ErrorBar.threeBits)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.iq3_s, halvesAt: [0]) }

    /// The last four weights: the highest point, one minus sign, the largest scale.
    @Test func theLayoutIsPointsNinthBitsSignsScales() {
        var bytes: [UInt8] = [0x00, 0x3c] + [UInt8](repeating: 0, count: 108)
        (bytes[65], bytes[73], bytes[105], bytes[109]) = (0xff, 0x80, 0x80, 0xf0)
        let weights = decode(bytes, as: .iq3_s)
        #expect(weights[..<224] == [Float](repeating: 1, count: 224)[...])
        #expect(weights[224..<252] == [Float](repeating: 31, count: 28)[...])
        #expect(weights[255] < 0)
    }

    /// As in the reference: a group of zeros takes no place among the points, so the others' lie one place off.
    @Test func whatFollowsAGroupOfZerosMovesUp() {
        let group = (0..<32).map { Float($0 - 16) / 8 }
        let first = encode(group + [Float](repeating: 0, count: 224), as: .iq3_s)
        let second = encode([Float](repeating: 0, count: 32) + group + [Float](repeating: 0, count: 192), as: .iq3_s)
        #expect(first[2..<10] == second[2..<10] && first[74..<78] == second[74..<78])
    }
}
