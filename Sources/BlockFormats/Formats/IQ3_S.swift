import Tensors

/// 256 weights in eight groups of 32: a half-precision scale, a byte for each four weights with a point's number, the
/// numbers' ninth bits, a sign bit per weight, four bits of scale per group.
/// `weight = ± scale * (2 * groupScale + 1) * value`
enum IQ3_S: WeightedFormat {
    static let type = TensorType.iq3_s
    static var halfOffsets: [Int] { [0] }
    static let points = 2
    static let highBits = 66
    static let signs = 74
    private static let scales = 106
    private static let search = GridSearch(
        neighbours: .iq3_s,
        groupSize: 32,
        stepCount: 9,
        step: 0.2,
        negligible: .leastNonzeroMagnitude,
        refinement: .everythingUnlessOnGrid
    )
    /// The factor from the found scale to the slightly larger stored one, which the reference's author found to be
    /// better.
    private static let correction: Float = 1.033

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        for index in 0..<64 {
            let group = index / 8
            let high = block[highBits + group] >> UInt8(index % 8) & 1
            Grid.iq3_s.decode(
                Int(block[points + index]) | Int(high) << 8,
                scale: groupScale(group, of: block),
                signs: block[signs + index / 2] >> UInt8(index % 2 * 4),
                into: weights + index * 4
            )
        }
    }

    /// Returns the factor of the values of a group's points.
    @inline(__always)
    static func groupScale(_ group: Int, of block: UnsafePointer<UInt8>) -> Float {
        let level = block[scales + group / 2] >> UInt8(group % 2 * 4) & 15
        return block.half(at: 0) * Float(1 + 2 * Int32(level))
    }

    static func encode(
        _ weights: UnsafePointer<Float>,
        _ importance: (row: RowImportance, column: Int)?,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        GridBlock.withRoom { found in
            guard let scale = search.run(weights, importance, into: found) else {
                block.giveUp(count: type.block.bytes, halfAt: 0)
                return
            }
            block.update(repeating: 0, count: type.block.bytes)
            block.storeHalf(scale * correction, at: 0)
            // The reference does not advance past a group of zeros: the points and signs of later groups move up,
            // although their ninth bits and scales do not.
            var target = 0
            for group in 0..<8 where (0..<32).contains(where: { weights[group * 32 + $0] != 0 }) {
                for part in 0..<8 {
                    let number = found.numbers[group * 8 + part]
                    block[points + target * 8 + part] = UInt8(number & 255)
                    block[highBits + group] |= UInt8(number >> 8) << UInt8(part)
                }
                for part in 0..<4 { block[signs + target * 4 + part] = found.signs[group * 4 + part] }
                target += 1
            }
            block.storeNibbles(found.levels, count: 8, at: scales)
        }
    }
}
