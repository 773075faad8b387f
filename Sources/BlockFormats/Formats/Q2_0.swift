import Tensors

/// 64 weights: a half-precision scale, then two bits per weight, four adjacent weights to a byte. `weight = scale * (q
/// - 1)`
///
/// The scale is the largest magnitude, so the encoder never stores the fourth level.
enum Q2_0: BlockFormat {
    static let type = TensorType.q2_0
    static var halfOffsets: [Int] { [0] }
    private static let quants = 2

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        for index in 0..<64 {
            let level = block[quants + index / 4] >> UInt8(index % 4 * 2) & 3
            weights[index] = Float(Int32(level) - 1) * scale
        }
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        var scale: Float = 0
        for index in 0..<64 { scale = max(scale, abs(weights[index])) }
        let inverse = scale > 0 ? 1 / scale : 0
        block.storeHalf(scale, at: 0)
        for byte in 0..<16 {
            var packed: UInt8 = 0
            for place in 0..<4 { packed |= level(weights[byte * 4 + place] * inverse) << UInt8(place * 2) }
            block[quants + byte] = packed
        }
    }

    /// Returns the nearest level, halves away from zero; the lowest if the scale is too small to invert, as in the
    /// reference's conversion.
    private static func level(_ scaled: Float) -> UInt8 {
        guard scaled.isFinite else { return 0 }
        return scaled >= 0.5 ? 2 : scaled <= -0.5 ? 0 : 1
    }
}
