import Tensors

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// 32 weights: an exponent byte, then four bits per weight, a sign and one of eight magnitudes, doubled.
/// `weight = 2 ^ (exponent - 128) * ± value`
///
/// Byte `i` contains weight `i` in its lower half and weight `i + 16` in its upper half.
enum MXFP4: BlockFormat {
    static let type = TensorType.mxfp4
    static var halfOffsets: [Int] { [] }
    private static let levels = 1

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        FourBitFloat.decode(block + levels, count: 32, scale: scale(exponent: block[0]), into: weights)
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        let greatest = abs(extremeWeight(of: weights))
        // The logarithm is rounded to single precision before its fraction is dropped: a number just below a power of
        // two may get that power's exponent. Below the smallest exponent the number wraps, as in the reference.
        let exponent = greatest > 0 ? Int(Float(log2(Double(greatest))).rounded(.down)) + 125 : 0
        block[0] = UInt8(truncatingIfNeeded: exponent)
        let scale = scale(exponent: block[0])
        for index in 0..<16 {
            let low = FourBitFloat.nearest(weights[index], scale: scale)
            let high = FourBitFloat.nearest(weights[16 + index], scale: scale)
            block[levels + index] = low | high << 4
        }
    }

    static func isUsable(blocks: UnsafeRawBufferPointer) -> Bool {
        stride(from: 0, to: blocks.count, by: type.block.bytes).allSatisfy { blocks[$0] != 255 }
    }

    private static func scale(exponent: UInt8) -> Float {
        Float(bitPattern: exponent < 2 ? 0x20_0000 << UInt32(exponent) : UInt32(exponent - 1) << 23)
    }
}

/// Four-bit numbers: a sign, two bits of exponent, one of fraction; doubled, so that they are integers.
enum FourBitFloat {
    private static let values = GridData.fourBitFloats.map(Float.init)

    /// Reads `count` numbers, the first half of them from the lower halves of the bytes.
    @inline(__always)
    static func decode(
        _ bytes: UnsafePointer<UInt8>,
        count: Int,
        scale: Float,
        into weights: UnsafeMutablePointer<Float>
    ) {
        values.withUnsafeBufferPointer { values in
            for index in 0..<(count / 2) {
                weights[index] = values[Int(bytes[index] & 15)] * scale
                weights[count / 2 + index] = values[Int(bytes[index] >> 4)] * scale
            }
        }
    }

    /// Returns the number nearest to `weight / scale`; of two equally near ones, the one nearer to zero.
    @inline(__always)
    static func nearest(_ weight: Float, scale: Float) -> UInt8 {
        values.withUnsafeBufferPointer { values in
            var nearest: UInt8 = 0
            var least = abs(weight)
            for magnitude in 1..<8 {
                let distance = abs(values[magnitude] * scale - abs(weight))
                if distance < least {
                    least = distance
                    nearest = UInt8(magnitude)
                }
            }
            return weight < 0 && nearest > 0 ? nearest | 8 : nearest
        }
    }
}
