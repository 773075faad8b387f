import Tensors

/// 256 weights in eight groups of 32: a half-precision scale, the upper two and the lower four bits of the groups'
/// scales, then four bits per weight, the index of one of sixteen uneven values.
/// `weight = scale * (groupScale - 32) * value`
enum IQ4_XS: WeightedFormat {
    static let type = TensorType.iq4_xs
    static var halfOffsets: [Int] { [0] }
    private static let highBits = 2
    private static let lowBits = 4
    static let levels = 8

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        for group in 0..<8 {
            UnevenSearch.decode(
                block + levels + group * 16,
                scale: groupScale(group, of: block),
                into: weights + group * 32
            )
        }
    }

    /// Returns the factor of a group's values.
    @inline(__always)
    static func groupScale(_ group: Int, of block: UnsafePointer<UInt8>) -> Float {
        let low = block[lowBits + group / 2] >> UInt8(group % 2 * 4) & 15
        let high = block.load(UInt16.self, at: highBits) >> UInt16(group * 2) & 3
        return block.half(at: 0) * Float((Int32(low) | Int32(high) << 4) - 32)
    }

    static func encode(
        _ weights: UnsafePointer<Float>,
        _ importance: (row: RowImportance, column: Int)?,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        withScratch(Float.self, count: 32 + 8) { scratch in
            let scales = scratch + 32
            let meanSquare = sumOfSquares(weights, count: 256) * (2 / 256)
            var extreme: Float = 0
            for group in 0..<8 {
                let columns = importance.map { $0.row.columns + $0.column + group * 32 }
                weigh(weights + group * 32, columns, count: 32, meanSquare: meanSquare, into: scratch)
                scales[group] = UnevenSearch.scale(weights + group * 32, weights: scratch)
                if abs(scales[group]) > abs(extreme) { extreme = scales[group] }
            }
            let scale = -extreme / 32
            block.storeHalf(scale, at: 0)
            let inverse = scale == 0 ? 0 : 1 / scale
            var high: UInt16 = 0
            for group in 0..<8 {
                let level = max(-32, min(31, nearestWrapping(inverse * scales[group])))
                let groupScale = scale * Float(level)
                UnevenSearch.store(
                    weights + group * 32,
                    inverse: groupScale == 0 ? 0 : 1 / groupScale,
                    into: block + levels + group * 16
                )
                let stored = UInt16(level + 32)
                high |= (stored >> 4) << UInt16(group * 2)
                let low = UInt8(stored & 15)
                block[lowBits + group / 2] = group % 2 == 0 ? low : block[lowBits + group / 2] | low << 4
            }
            block.store(high, at: highBits)
        }
    }
}
