import Tensors
import Testing

@Suite struct TQ1_0Tests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.tq1_0, offset: offset) < ErrorBar.ternary)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.tq1_0, halvesAt: [52]) }

    /// Five weights, 32 or 16 apart, to a byte, and four to each of the last four.
    @Test func levelsAreKeptExactly() {
        let levels: [Int] = (0..<256).map { ($0 * 7 + $0 / 5) % 3 }
        let weights = levels.map { Float($0) / 2 - 0.5 }
        let bytes = encode(weights, as: .tq1_0)
        #expect(decode(bytes, as: .tq1_0) == weights)
        #expect(bytes[52...] == [0x00, 0x38])
        // 0 1 2 1 0 in base three is 48 of 243, of 256 a little more than 50.
        var five = [Float](repeating: 0, count: 256)
        for (index, digit) in ([0, 1, 2, 1, 0] as [Float]).enumerated() { five[index * 32] = digit - 1 }
        #expect(encode(five, as: .tq1_0)[0] == 51)
    }
}
