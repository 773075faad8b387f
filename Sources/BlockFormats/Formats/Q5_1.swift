import Tensors

/// 32 weights: scale and minimum in half precision, the fifth bits as one 32-bit number, then four bits per weight.
/// `weight = scale * q + minimum`
enum Q5_1: BlockFormat {
    static let type = TensorType.q5_1
    static var halfOffsets: [Int] { [0, 2] }
    private static let highBits = 4
    private static let quants = 8

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        let minimum = block.half(at: 2)
        let high = UnsafeRawPointer(block).loadUnaligned(fromByteOffset: highBits, as: UInt32.self)
        for index in 0..<16 {
            let byte = UInt32(block[quants + index])
            let first = byte & 15 | (high >> UInt32(index) & 1) << 4
            let second = byte >> 4 | (high >> UInt32(index + 16) & 1) << 4
            weights[index] = Float(first) * scale + minimum
            weights[16 + index] = Float(second) * scale + minimum
        }
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        let (minimum, maximum) = range(of: weights)
        let scale = (maximum - minimum) / 31
        let inverse = scale == 0 ? 0 : 1 / scale
        block.storeHalf(scale, at: 0)
        block.storeHalf(minimum, at: 2)
        FiveBits.store(highBits: highBits, quants: quants, in: block) { index in
            truncated((weights[index] - minimum) * inverse + 0.5)
        }
    }
}

extension Q5_1 {
    static func encode(
        row: UnsafeBufferPointer<Float>,
        _ importance: RowImportance,
        into blocks: UnsafeMutableRawBufferPointer
    ) {
        WeightedBlocks.scaleAndMinimum(row, importance, levels: 31, blocks, Self.self) {
            levels,
            scale,
            minimum,
            block in
            block.storeHalf(scale, at: 0)
            block.storeHalf(minimum, at: 2)
            FiveBits.store(highBits: highBits, quants: quants, in: block) { levels[$0] }
        }
    }
}

extension Q5_1: ScaledFormat {
    static var layout: ScaledLayout { ScaledLayout(groupSize: 32, levels: 0...31, groupMinimums: -1 ... -1) }

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
        FiveBits.store(highBits: highBits, quants: quants, in: block) { stored[$0] }
    }
}
