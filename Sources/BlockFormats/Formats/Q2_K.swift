import Tensors

/// 256 weights in sixteen groups of 16: a byte per group with four bits of scale and four of minimum, two bits per
/// weight, then two half-precision numbers. `weight = scale * groupScale * q - minimum * groupMinimum`
enum Q2_K: WeightedFormat {
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
    private static let weightedSearch = ScaleAndMinimumSearch.weighted(levels: 3)

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

    @inline(__always)
    static func encode(
        _ weights: UnsafePointer<Float>,
        _ importance: (row: RowImportance, column: Int)?,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        withScratch(Lanes.self, count: 16 * 6) { scratch in
            withScratch(UInt8.self, count: 256) { levels in
                let weighted = scratch + 64
                let rounded = scratch + 80
                let meanSquare = importance == nil ? 0 : sumOfSquares(weights, count: 256) / 256
                var totals: [Lanes] = []
                let results = (0..<4).map { quarter in
                    let tile = scratch + quarter * 16
                    transpose(weights + quarter * 64, count: 16, into: tile)
                    guard let importance else {
                        for index in 0..<16 { weighted[index] = tile[index].magnitude }
                        return search.run(tile, importance: weighted, count: 16, levelsScratch: rounded)
                    }
                    let column = importance.column + quarter * 64
                    importance.row.weigh(tile, at: column, count: 16, meanSquare: meanSquare, into: weighted)
                    totals.append(sum(weighted, count: 16))
                    return weightedSearch.run(tile, importance: weighted, count: 16, levelsScratch: rounded)
                }
                let (scale, minimum) =
                    importance == nil ? storeScales(results, in: block) : storeScales(results, totals, in: block)
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
                            // The scale is zero: the reference keeps the search's rounding.
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

    /// Searches for the scales with an importance matrix, and stores them.
    private static func storeScales(
        _ results: [ScaleAndMinimumSearch.Result],
        _ importance: [Lanes],
        in block: UnsafeMutablePointer<UInt8>
    ) -> (scale: Float, minimum: Float) {
        let search = PositiveScaleSearch(levels: 15)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 48) { floats in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { stored in
                guard let values = floats.baseAddress, let levels = stored.baseAddress else { return (0, 0) }
                for group in 0..<16 {
                    values[group] = results[group / 4].scale[group % 4]
                    values[16 + group] = results[group / 4].minimum[group % 4]
                    values[32 + group] = importance[group / 4][group % 4]
                }
                let scale = search.run(values, importance: values + 32, count: 16, into: levels)
                let minimum = search.run(values + 16, importance: values + 32, count: 16, into: levels + 16)
                for group in 0..<16 { block[group] = levels[group] | levels[16 + group] << 4 }
                return (block.storeHalf(scale, at: scaleOffset), block.storeHalf(minimum, at: minimumOffset))
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
            greatestScale = max(greatestScale, positive(result.scale.max()))
            greatestMinimum = max(greatestMinimum, positive(result.minimum.max()))
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

/// The layout of two bits of 256 weights in 64 bytes in Q2_K and Q3_K: each half of 128 weights takes 32 bytes, and a
/// byte contains the weights at distances of 32.
enum TwoBits {
    /// Returns the first byte of the sixteen weights of a group, and the shift of their bits.
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

extension Q2_K: ScaledFormat {
    static var layout: ScaledLayout {
        ScaledLayout(groupSize: 16, levels: 0...3, groupScales: 0...15, groupMinimums: 0...15)
    }

    static func scales(of block: UnsafePointer<UInt8>) -> ScaledBlock {
        var scaled = ScaledBlock(scale: block.half(at: scaleOffset), minimum: block.half(at: minimumOffset))
        for group in 0..<16 {
            scaled.groupScales[group] = Int32(block[group] & 15)
            scaled.groupMinimums[group] = Int32(block[group] >> 4)
        }
        return scaled
    }

    static func store(
        _ scaled: ScaledBlock,
        _ stored: UnsafeMutablePointer<UInt8>,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        for group in 0..<16 {
            block[group] = UInt8(scaled.groupScales[group]) | UInt8(scaled.groupMinimums[group]) << 4
        }
        TwoBits.pack(stored, into: block + quants)
        block.storeHalf(scaled.scale, at: scaleOffset)
        block.storeHalf(scaled.minimum, at: minimumOffset)
    }
}
