import Tensors

/// 256 weights in eight groups of 32: a half-precision scale, then eight bytes per group: four numbers of points, and a
/// word with seven signs four times and four bits of scale. `weight = ± scale * (groupScale + 1/2) / 4 * value`
enum IQ2_XXS: WeightedFormat {
    static let type = TensorType.iq2_xxs
    static var halfOffsets: [Int] { [0] }
    private static let groups = 2
    private static let search = GridSearch(
        neighbours: .iq2_xxs,
        groupSize: 32,
        stepCount: 6,
        step: 0.1,
        hasEvenSigns: true,
        negligible: negligible,
        startsFromSearchedScale: true,
        refinement: .everything,
        meanSquareFactor: 1
    )

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        for group in 0..<8 {
            let word = block.load(UInt32.self, at: groups + group * 8 + 4)
            let groupScale = scale * (0.5 + Float(word >> 28)) * 0.25
            for part in 0..<4 {
                Grid.iq2_xxs.decode(
                    Int(block[groups + group * 8 + part]),
                    scale: groupScale,
                    signs: Grid.evenSigns(UInt8(word >> UInt32(7 * part) & 127)),
                    into: weights + group * 32 + part * 8
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
            block.storeHalf(scale, at: 0)
            for group in 0..<8 {
                var word = UInt32(found.levels[group]) << 28
                for part in 0..<4 {
                    block[groups + group * 8 + part] = UInt8(found.numbers[group * 4 + part])
                    word |= UInt32(found.signs[group * 4 + part]) << UInt32(7 * part)
                }
                block.store(word, at: groups + group * 8 + 4)
            }
        }
    }
}
