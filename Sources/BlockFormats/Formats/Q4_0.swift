import Tensors

/// 32 weights: a half-precision scale, then four bits per weight. `weight = scale * (q - 8)`
///
/// Byte `i` contains weight `i` in its lower half and weight `i + 16` in its upper half.
enum Q4_0: BlockFormat {
    static let type = TensorType.q4_0
    static var halfOffsets: [Int] { [0] }
    private static let quants = 2

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        for index in 0..<16 {
            let byte = block[quants + index]
            weights[index] = Float(Int32(byte & 15) - 8) * scale
            weights[16 + index] = Float(Int32(byte >> 4) - 8) * scale
        }
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        let scale = extremeWeight(of: weights) / -8
        let inverse = scale == 0 ? 0 : 1 / scale
        block.storeHalf(scale, at: 0)
        for index in 0..<16 {
            let low = min(15, truncated(weights[index] * inverse + 8.5))
            let high = min(15, truncated(weights[16 + index] * inverse + 8.5))
            block[quants + index] = low | high << 4
        }
    }
}

extension Q4_0 {
    static func encode(
        row: UnsafeBufferPointer<Float>,
        _ importance: RowImportance,
        into blocks: UnsafeMutableRawBufferPointer
    ) {
        WeightedBlocks.scale(row, importance, half: 8, blocks, Self.self) { levels, scale, block in
            block.storeHalf(scale, at: 0)
            for index in 0..<16 { block[quants + index] = levels[index] | levels[16 + index] << 4 }
        }
    }
}

/// Returns the weight of largest magnitude among 32; among equals, the first.
@inline(__always)
func extremeWeight(of weights: UnsafePointer<Float>) -> Float {
    var extreme: Float = 0
    var greatest: Float = 0
    for index in 0..<32 where abs(weights[index]) > greatest {
        greatest = abs(weights[index])
        extreme = weights[index]
    }
    return extreme
}

/// Returns the number without its fraction. Anything except a small positive number gives zero, as the reference's
/// conversion does on x86-64 for infinities and NaN, which occur only for scales too small to invert.
@inline(__always)
func truncated(_ value: Float) -> UInt8 {
    value >= 0 && value < 256 ? UInt8(value) : 0
}

extension Q4_0: ScaledFormat {
    static var layout: ScaledLayout { ScaledLayout(groupSize: 32, levels: -8...7) }

    static func scales(of block: UnsafePointer<UInt8>) -> ScaledBlock {
        ScaledBlock(scale: block.half(at: 0))
    }

    static func store(
        _ scaled: ScaledBlock,
        _ stored: UnsafeMutablePointer<UInt8>,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        block.storeHalf(scaled.scale, at: 0)
        for index in 0..<16 { block[quants + index] = stored[index] | stored[16 + index] << 4 }
    }
}
