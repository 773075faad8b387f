import Tensors

/// 64 weights in four groups of 16: a scale byte per group, an unsigned eight-bit floating-point number, then four bits
/// per weight, a sign and one of eight magnitudes, doubled. `weight = groupScale / 2 * ± value`
///
/// Converters store weights that were published in this format; nothing is quantized to it.
enum NVFP4: BlockFormat {
    static let type = TensorType.nvfp4
    static var halfOffsets: [Int] { [] }
    private static let levels = 4

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        for group in 0..<4 {
            FourBitFloat.decode(
                block + levels + group * 8,
                count: 16,
                scale: halfScale(block[group]),
                into: weights + group * 16
            )
        }
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        preconditionFailure("NVFP4 cannot be encoded")
    }

    /// Returns half the scale: four bits of exponent, three of fraction; the sign bit does not extend the exponent's
    /// range.
    private static func halfScale(_ byte: UInt8) -> Float {
        guard byte != 0x7f else { return 0 }
        let exponent = UInt32(byte >> 3 & 15)
        let fraction = UInt32(byte & 7)
        guard exponent > 0 else { return Float(fraction) * 0x1p-10 }
        return Float(bitPattern: (exponent + 119) << 23 | fraction << 20)
    }
}
