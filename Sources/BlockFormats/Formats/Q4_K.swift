import Tensors

/// 256 weights in eight groups of 32: two half-precision numbers, six-bit scales and minimums, four bits per weight.
/// `weight = scale * groupScale * q - minimum * groupMinimum`
enum Q4_K: WeightedFormat {
    static let type = TensorType.q4_K
    static var halfOffsets: [Int] { [0, 2] }
    private static let scales = 4
    private static let quants = 16
    private static let search = ScaleAndMinimumSearch(
        levels: 15,
        first: -1,
        step: 0.1,
        stepCount: 20,
        absoluteError: false
    )
    private static let weightedSearch = ScaleAndMinimumSearch.weighted(levels: 15)

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        let minimum = block.half(at: 2)
        for pair in 0..<4 {
            let first = SixBitScales.unpack(block + scales, pair * 2)
            let second = SixBitScales.unpack(block + scales, pair * 2 + 1)
            let firstScale = scale * Float(first.scale)
            let firstMinimum = minimum * Float(first.minimum)
            let secondScale = scale * Float(second.scale)
            let secondMinimum = minimum * Float(second.minimum)
            let bytes = block + quants + pair * 32
            let target = weights + pair * 64
            for index in 0..<32 {
                target[index] = firstScale * Float(bytes[index] & 15) - firstMinimum
                target[32 + index] = secondScale * Float(bytes[index] >> 4) - secondMinimum
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
        for pair in 0..<4 {
            let source = levels + pair * 64
            for index in 0..<32 {
                block[quants + pair * 32 + index] = source[index] | source[32 + index] << 4
            }
        }
    }
}

extension Q4_K: ScaledFormat {
    static var layout: ScaledLayout {
        ScaledLayout(groupSize: 32, levels: 0...15, groupScales: 0...63, groupMinimums: 0...63)
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
