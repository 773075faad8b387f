import Tensors

/// 128 weights: a half-precision scale, then one bit per weight. `weight = ± scale`
enum Q1_0: BlockFormat {
    static let type = TensorType.q1_0
    static var halfOffsets: [Int] { [0] }
    private static let bits = 2

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        for index in 0..<128 {
            weights[index] = block[bits + index / 8] >> UInt8(index % 8) & 1 != 0 ? scale : -scale
        }
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        var sum: Float = 0
        for index in 0..<128 { sum += abs(weights[index]) }
        block.storeHalf(sum / 128, at: 0)
        for byte in 0..<16 {
            var packed: UInt8 = 0
            for bit in 0..<8 where weights[byte * 8 + bit] >= 0 { packed |= 1 << UInt8(bit) }
            block[bits + byte] = packed
        }
    }
}
