import Tensors

/// 256 weights in eight groups of 32: as Q4_K, with the fifth bit of every weight in 32 separate bytes. `weight = scale
/// * groupScale * q - minimum * groupMinimum`
enum Q5_K: WeightedFormat {
    static let type = TensorType.q5_K
    static var halfOffsets: [Int] { [0, 2] }
    private static let scales = 4
    private static let highBits = 16
    private static let quants = 48
    private static let search = ScaleAndMinimumSearch(
        levels: 31,
        first: -0.5,
        step: 0.1,
        stepCount: 15,
        absoluteError: false
    )
    private static let weightedSearch = ScaleAndMinimumSearch.weighted(levels: 31)

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        let minimum = block.half(at: 2)
        let high = block + highBits
        for pair in 0..<4 {
            let first = SixBitScales.unpack(block + scales, pair * 2)
            let second = SixBitScales.unpack(block + scales, pair * 2 + 1)
            let firstScale = scale * Float(first.scale)
            let firstMinimum = minimum * Float(first.minimum)
            let secondScale = scale * Float(second.scale)
            let secondMinimum = minimum * Float(second.minimum)
            let bytes = block + quants + pair * 32
            let target = weights + pair * 64
            let shift = UInt8(pair * 2)
            for index in 0..<32 {
                let firstLevel = bytes[index] & 15 | (high[index] >> shift & 1) << 4
                let secondLevel = bytes[index] >> 4 | (high[index] >> (shift + 1) & 1) << 4
                target[index] = firstScale * Float(firstLevel) - firstMinimum
                target[32 + index] = secondScale * Float(secondLevel) - secondMinimum
            }
        }
    }

    @inline(__always)
    static func encode(
        _ weights: UnsafePointer<Float>,
        _ importance: (row: RowImportance, column: Int)?,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        withScratch(UInt8.self, count: 256) { levels in
            let search = importance == nil ? search : weightedSearch
            SixBitScaleEncoder.encode(weights, search, importance, into: block, levels: levels)
            pack(levels, into: block)
        }
    }

    @inline(__always)
    private static func pack(_ levels: UnsafePointer<UInt8>, into block: UnsafeMutablePointer<UInt8>) {
        let high = block + highBits
        for index in 0..<32 { high[index] = 0 }
        for pair in 0..<4 {
            let source = levels + pair * 64
            let shift = UInt8(pair * 2)
            for index in 0..<32 {
                block[quants + pair * 32 + index] = source[index] & 15 | (source[32 + index] & 15) << 4
                high[index] |= (source[index] >> 4) << shift | (source[32 + index] >> 4) << (shift + 1)
            }
        }
    }
}

extension Q5_K: ScaledFormat {
    static var layout: ScaledLayout {
        ScaledLayout(groupSize: 32, levels: 0...31, groupScales: 0...63, groupMinimums: 0...63)
    }

    static func scales(of block: UnsafePointer<UInt8>) -> ScaledBlock { SixBitScales.scales(of: block) }

    static func store(
        _ scaled: ScaledBlock,
        _ stored: UnsafeMutablePointer<UInt8>,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        SixBitScales.store(scaled, into: block)
        pack(stored, into: block)
    }
}
