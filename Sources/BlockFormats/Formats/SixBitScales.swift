/// The packing of eight scales and eight minimums of six bits each into twelve bytes in Q4_K and Q5_K.
///
/// Bytes 0-3 and 4-7 contain the lower six bits of the first four scales and minimums; bytes 8-11 contain the lower
/// four bits of the last four of each, whose upper two bits are at the top of bytes 0-7.
enum SixBitScales {
    @inline(__always)
    static func unpack(_ bytes: UnsafePointer<UInt8>, _ index: Int) -> (scale: UInt8, minimum: UInt8) {
        if index < 4 {
            return (bytes[index] & 63, bytes[index + 4] & 63)
        }
        return (
            bytes[index + 4] & 15 | (bytes[index - 4] >> 6) << 4,
            bytes[index + 4] >> 4 | (bytes[index] >> 6) << 4
        )
    }

    /// Packs entry `index`; entries must come in ascending order.
    @inline(__always)
    static func pack(_ scale: UInt8, _ minimum: UInt8, _ index: Int, into bytes: UnsafeMutablePointer<UInt8>) {
        if index < 4 {
            bytes[index] = scale
            bytes[index + 4] = minimum
        } else {
            bytes[index + 4] = scale & 15 | (minimum & 15) << 4
            bytes[index - 4] |= (scale >> 4) << 6
            bytes[index] |= (minimum >> 4) << 6
        }
    }
}

extension SixBitScales {
    /// Returns the scales of a block, which begins with its two half-precision numbers.
    static func scales(of block: UnsafePointer<UInt8>) -> ScaledBlock {
        var scaled = ScaledBlock(scale: block.half(at: 0), minimum: block.half(at: 2))
        for group in 0..<8 {
            let packed = unpack(block + 4, group)
            scaled.groupScales[group] = Int32(packed.scale)
            scaled.groupMinimums[group] = Int32(packed.minimum)
        }
        return scaled
    }

    static func store(_ scaled: ScaledBlock, into block: UnsafeMutablePointer<UInt8>) {
        block.storeHalf(scaled.scale, at: 0)
        block.storeHalf(scaled.minimum, at: 2)
        for group in 0..<8 {
            pack(UInt8(scaled.groupScales[group]), UInt8(scaled.groupMinimums[group]), group, into: block + 4)
        }
    }
}

/// The shared encoder of Q4_K and Q5_K: eight groups of 32 weights, each with a six-bit scale and minimum relative to
/// two half-precision numbers, at bytes 0 and 2 of the block; the packed scales follow at byte 4.
enum SixBitScaleEncoder {
    private static let scales = 4

    /// - Parameters:
    ///   - search: the search for a group's scale and minimum.
    ///   - importance: the importance of columns, with the column of the block's first weight; nil without an
    ///     importance matrix.
    ///   - levels: receives the 256 numbers to store.
    @inline(__always)
    static func encode(
        _ weights: UnsafePointer<Float>,
        _ search: ScaleAndMinimumSearch,
        _ importance: (row: RowImportance, column: Int)?,
        into block: UnsafeMutablePointer<UInt8>,
        levels: UnsafeMutablePointer<UInt8>
    ) {
        withScratch(Lanes.self, count: 32 * 4) { scratch in
            let weighted = scratch + 64
            let rounded = scratch + 96
            let meanSquare = importance == nil ? 0 : 2 * sumOfSquares(weights, count: 256) / 256
            var groupImportance = (Lanes.zero, Lanes.zero)
            // Two tiles of four groups; the first 64 lanes keep both until the block's own scales are known.
            let results = (0..<2).map { half in
                let tile = scratch + half * 32
                transpose(weights + half * 128, count: 32, into: tile)
                if let importance {
                    importance.row.weigh(
                        tile,
                        at: importance.column + half * 128,
                        count: 32,
                        meanSquare: meanSquare,
                        into: weighted
                    )
                    let total = sum(weighted, count: 32)
                    if half == 0 { groupImportance.0 = total } else { groupImportance.1 = total }
                } else {
                    weigh(tile, into: weighted)
                }
                return search.run(tile, importance: weighted, count: 32, levelsScratch: rounded)
            }
            let (scale, minimum) =
                importance == nil
                ? storeScales(results, in: block)
                : storeScales(results, groupImportance, limited: search.levels == 31, in: block)
            for (half, result) in results.enumerated() {
                let tile = scratch + half * 32
                let (groupScale, groupMinimum) = groupScales(half, scale, minimum, block)
                let isDegenerate = groupScale .== 0
                for index in 0..<32 {
                    var level = ((tile[index] + groupMinimum) / groupScale).nearestWrapping
                        .clamped(0, Int32(search.levels))
                    if any(isDegenerate) {
                        // The scale is zero: the reference keeps the search's rounding.
                        let found = search.levels(of: tile[index], in: result).smallIntegers
                        level.replace(with: found, where: isDegenerate)
                    }
                    for lane in 0..<4 {
                        levels[half * 128 + lane * 32 + index] = UInt8(truncatingIfNeeded: level[lane])
                    }
                }
            }
        }
    }

    /// Computes each weight's importance: its own magnitude plus the root mean square of its group.
    @inline(__always)
    private static func weigh(_ tile: Tile, into importance: Tile) {
        var sum = Lanes.zero
        for index in 0..<32 { sum += tile[index] * tile[index] }
        let average = (sum / 32).squareRoot()
        for index in 0..<32 { importance[index] = average + tile[index].magnitude }
    }

    @inline(__always)
    private static func storeScales(
        _ results: [ScaleAndMinimumSearch.Result],
        in block: UnsafeMutablePointer<UInt8>
    ) -> (scale: Float, minimum: Float) {
        let greatestScale = positive(max(results[0].scale.max(), results[1].scale.max()))
        let greatestMinimum = positive(max(results[0].minimum.max(), results[1].minimum.max()))
        let inverseScale = greatestScale > 0 ? 63 / greatestScale : 0
        let inverseMinimum = greatestMinimum > 0 ? 63 / greatestMinimum : 0
        for (half, result) in results.enumerated() {
            for lane in 0..<4 {
                let scale = UInt8(truncatingIfNeeded: nearestWrapping(inverseScale * result.scale[lane]))
                let minimum = UInt8(truncatingIfNeeded: nearestWrapping(inverseMinimum * result.minimum[lane]))
                SixBitScales.pack(min(63, scale), min(63, minimum), half * 4 + lane, into: block + scales)
            }
        }
        return (block.storeHalf(greatestScale / 63, at: 0), block.storeHalf(greatestMinimum / 63, at: 2))
    }

    /// Searches for the scales with an importance matrix, and stores them.
    /// - Parameter limited: whether to clamp the search's results to six bits; the reference does so only for Q5_K.
    @inline(__always)
    private static func storeScales(
        _ results: [ScaleAndMinimumSearch.Result],
        _ importance: (Lanes, Lanes),
        limited: Bool,
        in block: UnsafeMutablePointer<UInt8>
    ) -> (scale: Float, minimum: Float) {
        let search = PositiveScaleSearch(levels: 63)
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 24) { floats in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { stored in
                guard let values = floats.baseAddress, let levels = stored.baseAddress else { return (0, 0) }
                for group in 0..<8 {
                    values[group] = results[group / 4].scale[group % 4]
                    values[8 + group] = results[group / 4].minimum[group % 4]
                    values[16 + group] = group < 4 ? importance.0[group] : importance.1[group - 4]
                }
                let scale = search.run(values, importance: values + 16, count: 8, into: levels)
                let minimum = search.run(values + 8, importance: values + 16, count: 8, into: levels + 8)
                if limited { for index in 0..<16 { levels[index] = min(63, levels[index]) } }
                for group in 0..<8 {
                    SixBitScales.pack(levels[group], levels[8 + group], group, into: block + scales)
                }
                return (block.storeHalf(scale, at: 0), block.storeHalf(minimum, at: 2))
            }
        }
    }

    @inline(__always)
    private static func groupScales(
        _ half: Int,
        _ scale: Float,
        _ minimum: Float,
        _ block: UnsafeMutablePointer<UInt8>
    ) -> (scale: Lanes, minimum: Lanes) {
        var groupScale = Lanes.zero
        var groupMinimum = Lanes.zero
        for lane in 0..<4 {
            let packed = SixBitScales.unpack(UnsafePointer(block) + scales, half * 4 + lane)
            groupScale[lane] = scale * Float(packed.scale)
            groupMinimum[lane] = minimum * Float(packed.minimum)
        }
        return (groupScale, groupMinimum)
    }
}
