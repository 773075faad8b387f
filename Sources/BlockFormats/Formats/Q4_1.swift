import Tensors

/// 32 weights: scale and minimum in half precision, then four bits per weight. `weight = scale * q + minimum`
enum Q4_1: BlockFormat {
    static let type = TensorType.q4_1
    static var halfOffsets: [Int] { [0, 2] }
    private static let quants = 4

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        let minimum = block.half(at: 2)
        for index in 0..<16 {
            let byte = block[quants + index]
            weights[index] = Float(byte & 15) * scale + minimum
            weights[16 + index] = Float(byte >> 4) * scale + minimum
        }
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        let (minimum, maximum) = range(of: weights)
        let scale = (maximum - minimum) / 15
        let inverse = scale == 0 ? 0 : 1 / scale
        block.storeHalf(scale, at: 0)
        block.storeHalf(minimum, at: 2)
        for index in 0..<16 {
            let low = min(15, truncated((weights[index] - minimum) * inverse + 0.5))
            let high = min(15, truncated((weights[16 + index] - minimum) * inverse + 0.5))
            block[quants + index] = low | high << 4
        }
    }
}

extension Q4_1 {
    static func encode(
        row: UnsafeBufferPointer<Float>,
        _ importance: RowImportance,
        into blocks: UnsafeMutableRawBufferPointer
    ) {
        WeightedBlocks.scaleAndMinimum(row, importance, levels: 15, blocks, Self.self) {
            levels,
            scale,
            minimum,
            block in
            block.storeHalf(scale, at: 0)
            block.storeHalf(minimum, at: 2)
            for index in 0..<16 { block[quants + index] = levels[index] | levels[16 + index] << 4 }
        }
    }
}

/// Returns the smallest and the largest of 32 weights.
@inline(__always)
func range(of weights: UnsafePointer<Float>) -> (minimum: Float, maximum: Float) {
    var minimum = Float.greatestFiniteMagnitude
    var maximum = -Float.greatestFiniteMagnitude
    for index in 0..<32 {
        let weight = weights[index]
        if weight < minimum { minimum = weight }
        if weight > maximum { maximum = weight }
    }
    return (minimum, maximum)
}

extension Q4_1: ScaledFormat {
    static var layout: ScaledLayout { ScaledLayout(groupSize: 32, levels: 0...15, groupMinimums: -1 ... -1) }

    static func scales(of block: UnsafePointer<UInt8>) -> ScaledBlock {
        var scaled = ScaledBlock(scale: block.half(at: 0), minimum: block.half(at: 2))
        scaled.groupMinimums[0] = -1
        return scaled
    }

    static func store(
        _ scaled: ScaledBlock,
        _ stored: UnsafeMutablePointer<UInt8>,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        block.storeHalf(scaled.scale, at: 0)
        block.storeHalf(scaled.minimum, at: 2)
        for index in 0..<16 { block[quants + index] = stored[index] | stored[16 + index] << 4 }
    }
}
