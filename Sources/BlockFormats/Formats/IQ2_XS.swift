import Tensors

/// 256 weights in sixteen groups of 16: a half-precision scale, two bytes for each eight weights with nine bits of a
/// point's number and seven signs, four bits of scale per group. `weight = ± scale * (groupScale + 1/2) / 4 * value`
enum IQ2_XS: WeightedFormat {
    static let type = TensorType.iq2_xs
    static var halfOffsets: [Int] { [0] }
    private static let points = 2
    private static let scales = 66
    private static let search = GridSearch(
        neighbours: .iq2_xs,
        groupSize: 16,
        stepCount: 9,
        step: 0.1,
        hasEvenSigns: true,
        negligible: negligible,
        meanSquareFactor: 1
    )

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        for index in 0..<32 {
            let level = block[scales + index / 4] >> UInt8(index / 2 % 2 * 4) & 15
            let point = block.load(UInt16.self, at: points + index * 2)
            Grid.iq2_xs.decode(
                Int(point & 511),
                scale: scale * (0.5 + Float(level)) * 0.25,
                signs: Grid.evenSigns(UInt8(point >> 9)),
                into: weights + index * 8
            )
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
            for index in 0..<32 {
                let point = found.numbers[index] | UInt16(found.signs[index]) << 9
                block.store(point, at: points + index * 2)
            }
            block.storeNibbles(found.levels, count: 16, at: scales)
        }
    }
}
