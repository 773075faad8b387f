import Tensors

/// 32 weights: a half-precision scale, then a signed byte per weight. `weight = scale * q`
enum Q8_0: BlockFormat {
    static let type = TensorType.q8_0
    static var halfOffsets: [Int] { [0] }
    private static let quants = 2

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        for index in 0..<32 {
            weights[index] = Float(Int8(bitPattern: block[quants + index])) * scale
        }
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        let lanes = UnsafeRawPointer(weights)
        var greatest = Lanes.zero
        for index in 0..<8 {
            let magnitude = lanes.loadUnaligned(fromByteOffset: index * 16, as: Lanes.self).magnitude
            greatest = greatest.replacing(with: magnitude, where: magnitude .> greatest)
        }
        let scale = greatest.max() / 127
        let inverse = scale == 0 ? 0 : 1 / scale
        block.storeHalf(scale, at: 0)
        for index in 0..<8 {
            let scaled = lanes.loadUnaligned(fromByteOffset: index * 16, as: Lanes.self) * inverse
            let rounded = scaled.nearestTiesAway.smallIntegers
            for lane in 0..<4 {
                block[quants + index * 4 + lane] = UInt8(truncatingIfNeeded: rounded[lane])
            }
        }
    }
}

extension SIMD4<Float> {
    /// The nearest integers, ties away from zero, for magnitudes below 2^22.
    @inline(__always)
    var nearestTiesAway: Self {
        // Rounding to even differs only at ties, and there by one towards zero.
        let even = nearest
        let rest = self - even
        let up = even.replacing(with: even + 1, where: (rest .== 0.5) .& (self .> 0))
        return up.replacing(with: even - 1, where: (rest .== -0.5) .& (self .< 0))
    }
}
