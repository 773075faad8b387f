import Tensors

/// 256 weights of three levels: two bits per weight, then a half-precision scale. `weight = scale * (q - 1)`
///
/// Each half of 128 weights takes 32 bytes, and a byte contains the weights at distances of 32.
enum TQ2_0: BlockFormat {
    static let type = TensorType.tq2_0
    static var halfOffsets: [Int] { [scaleOffset] }
    private static let scaleOffset = 64

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: scaleOffset)
        for run in 0..<8 {
            let bytes = block + run / 4 * 32
            for index in 0..<32 {
                let level = bytes[index] >> UInt8(run % 4 * 2) & 3
                weights[run * 32 + index] = Float(Int32(level) - 1) * scale
            }
        }
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        let levels = TernaryLevels(weights)
        block.storeHalf(levels.scale, at: scaleOffset)
        withScratch(UInt8.self, count: 256) { stored in
            for index in 0..<256 { stored[index] = UInt8(levels.of(weights[index])) }
            TwoBits.pack(stored, into: block)
        }
    }
}

/// Rounds 256 weights to minus one, zero or one times their largest magnitude.
struct TernaryLevels {
    let scale: Float
    private let inverse: Float

    init(_ weights: UnsafePointer<Float>) {
        var greatest: Float = 0
        for index in 0..<256 { greatest = max(greatest, abs(weights[index])) }
        scale = greatest
        inverse = greatest == 0 ? 0 : 1 / greatest
    }

    /// Returns 0, 1 or 2. If the scale is too small to invert, every level is 1, as in the reference's conversion.
    @inline(__always)
    func of(_ weight: Float) -> UInt16 {
        let scaled = weight * inverse
        return scaled >= 0.5 && scaled < 2 ? 2 : scaled <= -0.5 && scaled > -2 ? 0 : 1
    }
}
