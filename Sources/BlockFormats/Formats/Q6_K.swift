import Tensors

/// 256 weights in sixteen groups of 16: lower four bits in 128 bytes, upper two in 64, a signed scale byte per group, a
/// half-precision scale. `weight = scale * groupScale * (q - 32)`
enum Q6_K: WeightedFormat {
    static let type = TensorType.q6_K
    static var halfOffsets: [Int] { [scaleOffset] }
    private static let highBits = 128
    private static let scales = 192
    private static let scaleOffset = 208
    private static let search = ScaleSearch(half: 32)

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: scaleOffset)
        for half in 0..<2 {
            let low = block + half * 64
            let high = block + highBits + half * 32
            let target = weights + half * 128
            for run in 0..<4 {
                // The first two runs of 32 are in the lower halves of the bytes, the last two in the upper halves.
                let bytes = low + run % 2 * 32
                let lowShift = UInt8(run / 2 * 4)
                let highShift = UInt8(run * 2)
                for part in 0..<2 {
                    let groupScale = scale * Float(Int8(bitPattern: block[scales + half * 8 + run * 2 + part]))
                    for index in (part * 16)..<(part * 16 + 16) {
                        let level = bytes[index] >> lowShift & 15 | (high[index] >> highShift & 3) << 4
                        target[run * 32 + index] = groupScale * Float(Int32(level) - 32)
                    }
                }
            }
        }
    }

    @inline(__always)
    static func encode(
        _ weights: UnsafePointer<Float>,
        _ importance: (row: RowImportance, column: Int)?,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        withScratch(Lanes.self, count: 80) { tiles in
            withScratch(UInt8.self, count: 256) { levels in
                let results = (0..<4).map { quarter in
                    transpose(weights + quarter * 64, count: 16, into: tiles + quarter * 16)
                    guard let importance else { return search.run(tiles + quarter * 16, count: 16) }
                    // Only the importance matrix counts here, not the weights' own magnitude.
                    let columns = importance.row.columns + importance.column + quarter * 64
                    transpose(columns, count: 16, into: tiles + 64)
                    return search.run(tiles + quarter * 16, importance: tiles + 64, count: 16)
                }
                guard let scale = storeScales(results, in: block) else {
                    for index in 0..<type.block.bytes { block[index] = 0 }
                    return
                }
                for (quarter, result) in results.enumerated() {
                    let tile = tiles + quarter * 16
                    var groupScale = Lanes.zero
                    for lane in 0..<4 {
                        groupScale[lane] = scale * Float(Int8(bitPattern: block[scales + quarter * 4 + lane]))
                    }
                    let isDegenerate = groupScale .== 0
                    for index in 0..<16 {
                        var level = (tile[index] / groupScale).nearestWrapping.clamped(-32, 31) &+ 32
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
                pack(levels, into: block)
            }
        }
    }

    /// - Returns: the block's scale as stored; nil if all weights are negligible.
    @inline(__always)
    private static func storeScales(
        _ results: [ScaleSearch.Result],
        in block: UnsafeMutablePointer<UInt8>
    ) -> Float? {
        var extreme: Float = 0
        for result in results {
            for lane in 0..<4 where abs(result.scale[lane]) > abs(extreme) { extreme = result.scale[lane] }
        }
        guard abs(extreme) >= negligible else { return nil }
        let inverse = -128 / extreme
        for (quarter, result) in results.enumerated() {
            for lane in 0..<4 {
                let level = min(127, nearestWrapping(inverse * result.scale[lane]))
                block[scales + quarter * 4 + lane] = UInt8(truncatingIfNeeded: level)
            }
        }
        return block.storeHalf(1 / inverse, at: scaleOffset)
    }

    @inline(__always)
    private static func pack(_ levels: UnsafeMutablePointer<UInt8>, into block: UnsafeMutablePointer<UInt8>) {
        for half in 0..<2 {
            let source = levels + half * 128
            for index in 0..<32 {
                let first = source[index]
                let second = source[32 + index]
                let third = source[64 + index]
                let fourth = source[96 + index]
                block[half * 64 + index] = first & 15 | (third & 15) << 4
                block[half * 64 + 32 + index] = second & 15 | (fourth & 15) << 4
                let low = first >> 4 | (second >> 4) << 2
                let high = (third >> 4) << 4 | (fourth >> 4) << 6
                block[highBits + half * 32 + index] = low | high
            }
        }
    }
}

extension Q6_K: ScaledFormat {
    static var layout: ScaledLayout { ScaledLayout(groupSize: 16, levels: -32...31, groupScales: -128...127) }

    static func scales(of block: UnsafePointer<UInt8>) -> ScaledBlock {
        var scaled = ScaledBlock(scale: block.half(at: scaleOffset))
        for group in 0..<16 { scaled.groupScales[group] = Int32(Int8(bitPattern: block[scales + group])) }
        return scaled
    }

    static func store(
        _ scaled: ScaledBlock,
        _ stored: UnsafeMutablePointer<UInt8>,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        pack(stored, into: block)
        for group in 0..<16 { block[scales + group] = UInt8(truncatingIfNeeded: scaled.groupScales[group]) }
        block.storeHalf(scaled.scale, at: scaleOffset)
    }
}
