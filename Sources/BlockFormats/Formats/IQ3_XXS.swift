import Tensors

/// 256 weights in eight groups of 32: a half-precision scale, a byte for each four weights with a point's number, then
/// a word per group with seven signs four times and four bits of scale.
/// `weight = ± scale * (groupScale + 1/2) / 2 * value`
enum IQ3_XXS: WeightedFormat {
    static let type = TensorType.iq3_xxs
    static var halfOffsets: [Int] { [0] }
    private static let points = 2
    private static let words = 66
    private static let search = GridSearch(
        neighbours: .iq3_xxs,
        groupSize: 32,
        stepCount: 15,
        step: 0.2,
        hasEvenSigns: true,
        negligible: 1e-8
    )
    /// The factor from the found scale to the slightly larger stored one, which the reference's author found to be
    /// better.
    private static let correction: Float = 1.0125

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        for group in 0..<8 {
            let word = block.load(UInt32.self, at: words + group * 4)
            let groupScale = scale * (0.5 + Float(word >> 28)) * 0.5
            for part in 0..<8 {
                let signs = Grid.evenSigns(UInt8(word >> UInt32(part / 2 * 7) & 127))
                Grid.iq3_xxs.decode(
                    Int(block[points + group * 8 + part]),
                    scale: groupScale,
                    signs: signs >> UInt8(part % 2 * 4),
                    into: weights + group * 32 + part * 4
                )
            }
        }
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
            for index in 0..<64 { block[points + index] = UInt8(found.numbers[index]) }
            for group in 0..<8 {
                var word = UInt32(found.levels[group]) << 28
                for part in 0..<4 { word |= UInt32(found.signs[group * 4 + part]) << UInt32(7 * part) }
                block.store(word, at: words + group * 4)
            }
        }
    }
}
