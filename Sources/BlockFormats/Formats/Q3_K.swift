import Tensors

/// 256 weights in sixteen groups of 16: the third bits in 32 bytes, two bits per weight, six-bit scales in twelve
/// bytes, a half-precision scale. `weight = scale * (groupScale - 32) * (q - 4)`
enum Q3_K: WeightedFormat {
    static let type = TensorType.q3_K
    static var halfOffsets: [Int] { [scaleOffset] }
    private static let quants = 32
    private static let scales = 96
    private static let scaleOffset = 108
    private static let search = ScaleSearch(half: 4)
    private static let scaleSearch = ScaleSearch(half: 32)

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: scaleOffset)
        for group in 0..<16 {
            let groupScale = scale * Float(unpackScale(group, block + scales))
            let (bytes, shift) = TwoBits.place(of: group)
            let highBit = UInt8(group / 2)
            for index in 0..<16 {
                let low = block[quants + bytes + index] >> shift & 3
                let high = block[group % 2 * 16 + index] >> highBit & 1
                weights[group * 16 + index] = groupScale * Float(Int32(low | high << 2) - 4)
            }
        }
    }

    @inline(__always)
    static func encode(
        _ weights: UnsafePointer<Float>,
        _ importance: (row: RowImportance, column: Int)?,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        withScratch(Lanes.self, count: 144) { scratch in
            withScratch(UInt8.self, count: 256) { levels in
                let found = scratch + 64
                let weighted = scratch + 128
                let meanSquare = importance == nil ? 0 : 2 * sumOfSquares(weights, count: 256) / 256
                var totals: [Lanes] = []
                var groupScales = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
                withLanes(&groupScales) { groupScales in
                    for quarter in 0..<4 {
                        let tile = scratch + quarter * 16
                        transpose(weights + quarter * 64, count: 16, into: tile)
                        guard let importance else {
                            groupScales[quarter] = ThreeBitSearch.run(tile, count: 16, levels: found + quarter * 16)
                            continue
                        }
                        let column = importance.column + quarter * 64
                        importance.row.weigh(tile, at: column, count: 16, meanSquare: meanSquare, into: weighted)
                        totals.append(sum(weighted, count: 16))
                        let result = search.run(tile, importance: weighted, count: 16)
                        groupScales[quarter] = result.scale
                        for index in 0..<16 { found[quarter * 16 + index] = search.levels(of: tile[index], in: result) }
                    }
                    let scale =
                        importance == nil
                        ? storeScales(UnsafePointer(groupScales), in: block)
                        : storeScales(UnsafePointer(groupScales), totals, in: block)
                    for quarter in 0..<4 {
                        var groupScale = Lanes.zero
                        for lane in 0..<4 {
                            groupScale[lane] =
                                scale * Float(unpackScale(quarter * 4 + lane, UnsafePointer(block) + scales))
                        }
                        let isDegenerate = groupScale .== 0
                        for index in 0..<16 {
                            var level = (scratch[quarter * 16 + index] / groupScale).nearestWrapping.clamped(-4, 3) &+ 4
                            level.replace(with: found[quarter * 16 + index].smallIntegers, where: isDegenerate)
                            for lane in 0..<4 {
                                levels[(quarter * 4 + lane) * 16 + index] = UInt8(truncatingIfNeeded: level[lane])
                            }
                        }
                    }
                }
                pack(levels, into: block)
            }
        }
    }

    /// Returns the scale of a group, -32 ... 31.
    @inline(__always)
    private static func unpackScale(_ group: Int, _ bytes: UnsafePointer<UInt8>) -> Int32 {
        let low = group < 8 ? bytes[group] & 15 : bytes[group - 8] >> 4
        let high = bytes[8 + group % 4] >> UInt8(group / 4 * 2) & 3
        return Int32(low | high << 4) - 32
    }

    @inline(__always)
    private static func storeScales(_ groups: UnsafePointer<Lanes>, in block: UnsafeMutablePointer<UInt8>) -> Float {
        var extreme: Float = 0
        for group in 0..<16 where abs(groups[group / 4][group % 4]) > abs(extreme) {
            extreme = groups[group / 4][group % 4]
        }
        let bytes = block + scales
        for index in 0..<12 { bytes[index] = 0 }
        guard extreme != 0 else { return block.storeHalf(0, at: scaleOffset) }
        let inverse = -32 / extreme
        for group in 0..<16 {
            // The reference narrows to a signed byte before it clamps.
            let rounded = Int8(truncatingIfNeeded: nearestWrapping(inverse * groups[group / 4][group % 4]))
            packScale(UInt8(max(-32, min(31, Int32(rounded))) + 32), group, into: bytes)
        }
        return block.storeHalf(1 / inverse, at: scaleOffset)
    }

    /// Searches for the scales with an importance matrix, and stores them.
    private static func storeScales(
        _ groups: UnsafePointer<Lanes>,
        _ importance: [Lanes],
        in block: UnsafeMutablePointer<UInt8>
    ) -> Float {
        let bytes = block + scales
        for index in 0..<12 { bytes[index] = 0 }
        var scale: Float = 0
        // Only one group, repeated in every lane, because the search works on lanes.
        withScratch(Lanes.self, count: 32) { tile in
            for group in 0..<16 {
                tile[group] = Lanes(repeating: groups[group / 4][group % 4])
                tile[16 + group] = Lanes(repeating: importance[group / 4][group % 4])
            }
            let result = scaleSearch.run(tile, importance: tile + 16, count: 16)
            for group in 0..<16 {
                let level = scaleSearch.levels(of: tile[group], in: result).smallIntegers[0]
                packScale(UInt8(truncatingIfNeeded: level), group, into: bytes)
            }
            scale = result.scale[0]
        }
        return block.storeHalf(scale, at: scaleOffset)
    }

    /// Packs a scale of `0 ..< 64` into zeroed bytes.
    @inline(__always)
    private static func packScale(_ level: UInt8, _ group: Int, into bytes: UnsafeMutablePointer<UInt8>) {
        if group < 8 {
            bytes[group] = level & 15
        } else {
            bytes[group - 8] |= (level & 15) << 4
        }
        bytes[8 + group % 4] |= (level >> 4) << UInt8(group / 4 * 2)
    }

    @inline(__always)
    private static func pack(_ levels: UnsafeMutablePointer<UInt8>, into block: UnsafeMutablePointer<UInt8>) {
        for index in 0..<32 {
            var high: UInt8 = 0
            for bit in 0..<8 {
                high |= (levels[bit * 32 + index] >> 2) << UInt8(bit)
                levels[bit * 32 + index] &= 3
            }
            block[index] = high
        }
        TwoBits.pack(levels, into: block + quants)
    }
}

/// Accesses a tuple of four vectors by index.
@inline(__always)
func withLanes(_ lanes: inout (Lanes, Lanes, Lanes, Lanes), _ body: (UnsafeMutablePointer<Lanes>) -> Void) {
    withUnsafeMutableBytes(of: &lanes) { body($0.baseAddress!.assumingMemoryBound(to: Lanes.self)) }
}

extension Q3_K: ScaledFormat {
    static var layout: ScaledLayout { ScaledLayout(groupSize: 16, levels: -4...3, groupScales: -32...31) }

    static func scales(of block: UnsafePointer<UInt8>) -> ScaledBlock {
        var scaled = ScaledBlock(scale: block.half(at: scaleOffset))
        for group in 0..<16 { scaled.groupScales[group] = unpackScale(group, block + scales) }
        return scaled
    }

    static func store(
        _ scaled: ScaledBlock,
        _ stored: UnsafeMutablePointer<UInt8>,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        let bytes = block + scales
        for index in 0..<12 { bytes[index] = 0 }
        for group in 0..<16 { packScale(UInt8(scaled.groupScales[group] + 32), group, into: bytes) }
        pack(stored, into: block)
        block.storeHalf(scaled.scale, at: scaleOffset)
    }
}
