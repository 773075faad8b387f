import Tensors
import Testing

@Suite struct NVFP4Tests {
    /// Scales of 2, the smallest, none and the greatest, by half of which the doubled numbers are multiplied.
    @Test func theLayoutIsFourScalesThenLowerHalvesFirst() {
        let levels = (0..<8).map { UInt8($0) | UInt8($0 | 8) << 4 }
        let bytes: [UInt8] = [0x40, 0x01, 0x7f, 0x7e] + levels + levels + levels + levels
        let values: [Float] = [0, 0.5, 1, 1.5, 2, 3, 4, 6]
        let group = values + values.map { -$0 }
        let scales: [Float] = [2, 0x1p-9, 0, 448]
        #expect(decode(bytes, as: .nvfp4) == scales.flatMap { scale in group.map { $0 * scale } })
    }
}
