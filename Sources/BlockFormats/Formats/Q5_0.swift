import Tensors

/// 32 weights: a half-precision scale, the fifth bits as one 32-bit number, then four bits per weight. `weight = scale
/// * (q - 16)`
enum Q5_0: BlockFormat {
    static let type = TensorType.q5_0
    static var halfOffsets: [Int] { [0] }
    private static let highBits = 2
    private static let quants = 6

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        let high = UnsafeRawPointer(block).loadUnaligned(fromByteOffset: highBits, as: UInt32.self)
        for index in 0..<16 {
            let byte = UInt32(block[quants + index])
            let first = byte & 15 | (high >> UInt32(index) & 1) << 4
            let second = byte >> 4 | (high >> UInt32(index + 16) & 1) << 4
            weights[index] = Float(Int32(first) - 16) * scale
            weights[16 + index] = Float(Int32(second) - 16) * scale
        }
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        let scale = extremeWeight(of: weights) / -16
        let inverse = scale == 0 ? 0 : 1 / scale
        block.storeHalf(scale, at: 0)
        FiveBits.store(highBits: highBits, quants: quants, in: block) { index in
            min(31, truncated(weights[index] * inverse + 16.5))
        }
    }
}

extension Q5_0 {
    static func encode(
        row: UnsafeBufferPointer<Float>,
        _ importance: RowImportance,
        into blocks: UnsafeMutableRawBufferPointer
    ) {
        WeightedBlocks.scale(row, importance, half: 16, blocks, Self.self) { levels, scale, block in
            block.storeHalf(scale, at: 0)
            FiveBits.store(highBits: highBits, quants: quants, in: block) { levels[$0] }
        }
    }
}

/// The layout of numbers in the two five-bit formats: four bits in bytes, the fifth in a 32-bit number.
enum FiveBits {
    @inline(__always)
    static func store(
        highBits: Int,
        quants: Int,
        in block: UnsafeMutablePointer<UInt8>,
        _ number: (Int) -> UInt8
    ) {
        var high: UInt32 = 0
        for index in 0..<16 {
            let first = number(index)
            let second = number(16 + index)
            block[quants + index] = first & 15 | (second & 15) << 4
            high |= UInt32(first >> 4 & 1) << UInt32(index)
            high |= UInt32(second >> 4 & 1) << UInt32(index + 16)
        }
        UnsafeMutableRawPointer(block).storeBytes(of: high, toByteOffset: highBits, as: UInt32.self)
    }
}

extension Q5_0: ScaledFormat {
    static var layout: ScaledLayout { ScaledLayout(groupSize: 32, levels: -16...15) }

    static func scales(of block: UnsafePointer<UInt8>) -> ScaledBlock {
        ScaledBlock(scale: block.half(at: 0))
    }

    static func store(
        _ scaled: ScaledBlock,
        _ stored: UnsafeMutablePointer<UInt8>,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        block.storeHalf(scaled.scale, at: 0)
        FiveBits.store(highBits: highBits, quants: quants, in: block) { stored[$0] }
    }
}
