import Tensors
import Testing

@Suite struct Q8_0Tests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.q8_0, offset: offset) < ErrorBar.eightBits)
    }

    @Test(arguments: Sample.allCases)
    func bytesAreThoseOfTheDefinition(_ sample: Sample) throws { try expectTheDefinitionsBytes(.q8_0, sample) }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.q8_0, halvesAt: [0]) }

    @Test func theLayoutIsAScaleAndSignedBytes() {
        let numbers: [Int8] = [-127, 127] + (0..<30).map { Int8($0 * 4 - 60) }
        let bytes: [UInt8] = [0x00, 0x38] + numbers.map { UInt8(bitPattern: $0) }
        #expect(decode(bytes, as: .q8_0) == numbers.map { Float($0) / 2 })
        #expect(encode(numbers.map { Float($0) / 2 }, as: .q8_0) == bytes)
    }

    /// Halves go away from zero, unlike everywhere else.
    @Test func tiesRoundAwayFromZero() {
        let weights: [Float] = [127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5] + [Float](repeating: 0, count: 25)
        #expect(encode(weights, as: .q8_0)[2..<9].map { Int8(bitPattern: $0) } == [127, 1, 2, 3, -1, -2, -3])
    }
}
