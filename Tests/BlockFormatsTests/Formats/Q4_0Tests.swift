import Tensors
import Testing

@Suite struct Q4_0Tests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.q4_0, offset: offset) < ErrorBar.fourToSixBits)
    }

    @Test func onlyAnInfiniteScaleMakesABlockUnusable() { expectUsability(.q4_0, halvesAt: [0]) }

    /// A scale of 0.5 in half precision, then weight `i` in the lower and weight `i + 16` in the upper half of byte `i`.
    @Test func theLayoutIsLowerHalvesFirst() {
        let weights: [Float] = (0..<16).map { Float($0 - 8) / 2 } + (0..<16).map { Float(7 - $0) / 2 }
        let bytes: [UInt8] = [0x00, 0x38] + (0..<16).map { UInt8($0) | UInt8(15 - $0) << 4 }
        #expect(decode(bytes, as: .q4_0) == weights)
        #expect(encode(weights, as: .q4_0) == bytes)
    }

    /// The extreme weight divided by -8 keeps zero's sign: -0 and the middle level.
    @Test func aBlockOfZerosIsAsInTheReference() {
        #expect(
            encode([Float](repeating: 0, count: 32), as: .q4_0) == [0x00, 0x80] + [UInt8](repeating: 0x88, count: 16)
        )
    }
}
