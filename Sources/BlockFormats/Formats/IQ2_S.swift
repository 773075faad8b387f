import Tensors

/// 256 weights in sixteen groups of 16: a half-precision scale, for each eight weights a byte of a point's number and a
/// byte of signs, then the numbers' upper two bits and four bits of scale per group.
/// `weight = ± scale * (groupScale + 1/2) / 4 * value`
enum IQ2_S: WeightedFormat {
    static let type = TensorType.iq2_s
    static var halfOffsets: [Int] { [0] }
    static let points = 2
    static let signs = 34
    static let highBits = 66
    private static let scales = 74
    private static let search = GridSearch(
        neighbours: .iq2_s,
        groupSize: 16,
        stepCount: 9,
        step: 0.1,
        negligible: 1e-8,
        plainFactor: 0.25
    )
    /// The factor from the found scale to the slightly smaller stored one, which the reference's author found to be
    /// better.
    private static let correction: Float = 0.9875

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        for index in 0..<32 {
            let high = block[highBits + index / 4] >> UInt8(index % 4 * 2) & 3
            Grid.iq2_s.decode(
                Int(block[points + index]) | Int(high) << 8,
                scale: pointScale(index, of: block),
                signs: block[signs + index],
                into: weights + index * 8
            )
        }
    }

    /// Returns the factor of a point's values.
    @inline(__always)
    static func pointScale(_ index: Int, of block: UnsafePointer<UInt8>) -> Float {
        let level = block[scales + index / 4] >> UInt8(index / 2 % 2 * 4) & 15
        return block.half(at: 0) * (0.5 + Float(level)) * 0.25
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
            block.storeHalf(scale * correction, at: 0)
            for index in 0..<8 { block[highBits + index] = 0 }
            for index in 0..<32 {
                block[points + index] = UInt8(found.numbers[index] & 255)
                block[highBits + index / 4] |= UInt8(found.numbers[index] >> 8) << UInt8(index % 4 * 2)
                block[signs + index] = found.signs[index]
            }
            block.storeNibbles(found.levels, count: 16, at: scales)
        }
    }
}
