import Tensors

/// 256 weights in sixteen groups of 16: a byte a group with four bits of scale and four of minimum, two bits a weight,
/// then two half-precision numbers. `weight = scale * groupScale * q - minimum * groupMinimum`
enum Q2_K: BlockFormat {
    static let type = TensorType.q2_K
    static var halfOffsets: [Int] { [scaleOffset, minimumOffset] }
    private static let quants = 16
    private static let scaleOffset = 80
    private static let minimumOffset = 82
    private static let search = ScaleAndMinimumSearch(
        levels: 3,
        first: -0.5,
        step: 0.1,
        stepCount: 15,
        absoluteError: true
    )

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: scaleOffset)
        let minimum = block.half(at: minimumOffset)
        for group in 0..<16 {
            let packed = block[group]
            let groupScale = scale * Float(packed & 15)
            let groupMinimum = minimum * Float(packed >> 4)
            let (bytes, shift) = TwoBits.place(of: group)
            for index in 0..<16 {
                let level = block[quants + bytes + index] >> shift & 3
                weights[group * 16 + index] = groupScale * Float(level) - groupMinimum
            }
        }
    }

    static func encode(_ weights: UnsafePointer<Float>, into block: UnsafeMutablePointer<UInt8>) {
        withScratch(Lanes.self, count: 16 * 6) { scratch in
            withScratch(UInt8.self, count: 256) { levels in
                let importance = scratch + 64
                let rounded = scratch + 80
                let results = (0..<4).map { quarter in
                    let tile = scratch + quarter * 16
                    transpose(weights + quarter * 64, count: 16, into: tile)
                    for index in 0..<16 { importance[index] = tile[index].magnitude }
                    return search.run(tile, importance: importance, count: 16, levelsScratch: rounded)
                }
                let (scale, minimum) = storeScales(results, in: block)
                for (quarter, result) in results.enumerated() {
                    let tile = scratch + quarter * 16
                    var groupScale = Lanes.zero
                    var groupMinimum = Lanes.zero
                    for lane in 0..<4 {
                        groupScale[lane] = scale * Float(block[quarter * 4 + lane] & 15)
                        groupMinimum[lane] = minimum * Float(block[quarter * 4 + lane] >> 4)
                    }
                    let isDegenerate = groupScale .== 0
                    for index in 0..<16 {
                        var level = ((tile[index] + groupMinimum) / groupScale).nearestWrapping.clamped(0, 3)
                        if any(isDegenerate) {
                            // Nothing to divide by: the reference keeps what the search rounded to.
                            level.replace(
                                with: search.levels(of: tile[index], in: result).smallIntegers,
                                where: isDegenerate
                            )
                        }
                        for lane in 0..<4 {
                            levels[(quarter * 4 + lane) * 16 + index] = UInt8(truncatingIfNeeded: level[lane])
                        }
                    }
                }
                TwoBits.pack(levels, into: block + quants)
            }
        }
    }

    @inline(__always)
    private static func storeScales(
        _ results: [ScaleAndMinimumSearch.Result],
        in block: UnsafeMutablePointer<UInt8>
    ) -> (scale: Float, minimum: Float) {
        var greatestScale: Float = 0
        var greatestMinimum: Float = 0
        for result in results {
            greatestScale = max(greatestScale, result.scale.max())
            greatestMinimum = max(greatestMinimum, result.minimum.max())
        }
        for (quarter, result) in results.enumerated() {
            for lane in 0..<4 {
                let scale = greatestScale > 0 ? nearestWrapping(15 / greatestScale * result.scale[lane]) : 0
                let minimum = greatestMinimum > 0 ? nearestWrapping(15 / greatestMinimum * result.minimum[lane]) : 0
                block[quarter * 4 + lane] =
                    UInt8(truncatingIfNeeded: scale) | UInt8(truncatingIfNeeded: minimum) << 4
            }
        }
        return (
            block.storeHalf(greatestScale / 15, at: scaleOffset),
            block.storeHalf(greatestMinimum / 15, at: minimumOffset)
        )
    }
}

/// How Q2_K and Q3_K place two bits of 256 weights in 64 bytes: each half of 128 weights takes 32 bytes, and a byte
/// holds the weights that stand 32 apart.
enum TwoBits {
    /// Where the sixteen weights of a group begin, in bytes, and how far their bits are shifted.
    @inline(__always)
    static func place(of group: Int) -> (byteOffset: Int, shift: UInt8) {
        (group / 8 * 32 + group % 2 * 16, UInt8(group % 8 / 2 * 2))
    }

    @inline(__always)
    static func pack(_ levels: UnsafeMutablePointer<UInt8>, into bytes: UnsafeMutablePointer<UInt8>) {
        for half in 0..<2 {
            let source = levels + half * 128
            for index in 0..<32 {
                let low = source[index] | source[32 + index] << 2
                let high = source[64 + index] << 4 | source[96 + index] << 6
                bytes[half * 32 + index] = low | high
            }
        }
    }
}
