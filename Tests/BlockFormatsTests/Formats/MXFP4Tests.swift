import Tensors
import Testing

@Suite struct MXFP4Tests {
    @Test(arguments: [0, 1, 2.5] as [Float])
    func decodedWeightsStayWithinTheErrorBar(_ offset: Float) {
        #expect(ErrorBar.measure(.mxfp4, offset: offset) < ErrorBar.fourBitFloats)
    }

    /// An exponent that stands for 1/2, by which the doubled numbers are multiplied.
    @Test func theLayoutIsExponentThenLowerHalvesFirst() {
        let values: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
        let weights = values + values.map { -$0 } + values.map { -$0 } + values
        let bytes: [UInt8] = [127] + (0..<16).map { UInt8($0) | UInt8($0 ^ 8) << 4 }
        #expect(decode(bytes, as: .mxfp4) == weights)
        // Minus zero is stored as zero.
        #expect(encode(weights, as: .mxfp4) == bytes.map { $0 & 15 == 8 ? $0 & 0xf0 : $0 >> 4 == 8 ? $0 & 0x0f : $0 })
    }

    /// Just below a power of two the logarithm rounds up, and so does the exponent.
    @Test(
        arguments: [(0.125, 122), (Float(0.125).nextDown, 122), (Float(0.125).nextDown.nextDown, 121), (1, 125)]
            as [(Float, UInt8)]
    )
    func theExponentIsTheRoundedLogarithms(_ greatest: Float, _ exponent: UInt8) {
        #expect(encode([greatest] + [Float](repeating: 0, count: 31), as: .mxfp4)[0] == exponent)
    }

    @Test func onlyTheHighestExponentMakesABlockUnusable() {
        #expect(!isUsable([255] + [UInt8](repeating: 0, count: 16), .mxfp4))
        #expect(isUsable([254] + [UInt8](repeating: 255, count: 16), .mxfp4))
    }
}
