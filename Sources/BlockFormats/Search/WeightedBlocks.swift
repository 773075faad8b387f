import Tensors

/// Encodes rows of 32-weight blocks with an importance matrix, four blocks at once, one per lane.
enum WeightedBlocks {
    private static let count = 32

    /// Encodes formats with only a scale; `store` receives the 32 numbers `0 ..< 2 * half` of a block.
    @inline(__always)
    static func scale<Format: BlockFormat>(
        _ row: UnsafeBufferPointer<Float>,
        _ importance: RowImportance,
        half: Float,
        _ blocks: UnsafeMutableRawBufferPointer,
        _: Format.Type,
        store: (UnsafePointer<UInt8>, Float, UnsafeMutablePointer<UInt8>) -> Void
    ) {
        let search = ScaleSearch(half: half)
        forEachFour(row, importance, blocks, Format.self) { tile, weighted, _, levels in
            let result = search.run(tile, importance: weighted, count: count)
            for index in 0..<count { levels[index] = search.levels(of: tile[index], in: result) }
            return result.scale
        } store: { levels, scale, lane, block in
            store(levels, scale[lane], block)
        }
    }

    /// Encodes formats with scale and minimum; `store` receives the 32 numbers `0 ... levels` of a block.
    @inline(__always)
    static func scaleAndMinimum<Format: BlockFormat>(
        _ row: UnsafeBufferPointer<Float>,
        _ importance: RowImportance,
        levels limit: Float,
        _ blocks: UnsafeMutableRawBufferPointer,
        _: Format.Type,
        store: (UnsafePointer<UInt8>, Float, Float, UnsafeMutablePointer<UInt8>) -> Void
    ) {
        let search = ScaleAndMinimumSearch.weighted(levels: limit)
        forEachFour(row, importance, blocks, Format.self) { tile, weighted, rounded, levels in
            let result = search.run(tile, importance: weighted, count: count, levelsScratch: rounded)
            for index in 0..<count { levels[index] = search.levels(of: tile[index], in: result) }
            return (result.scale, result.minimum.negated)
        } store: { levels, found, lane, block in
            store(levels, found.0[lane], found.1[lane], block)
        }
    }

    /// Calls the body with up to four blocks. A row may end with fewer; the last block then fills the remaining lanes.
    @inline(__always)
    private static func forEachFour<Format: BlockFormat, Found>(
        _ row: UnsafeBufferPointer<Float>,
        _ importance: RowImportance,
        _ blocks: UnsafeMutableRawBufferPointer,
        _: Format.Type,
        search: (_ tile: Tile, _ weighted: Tile, _ rounded: Tile, _ levels: Tile) -> Found,
        store: (_ levels: UnsafePointer<UInt8>, Found, _ lane: Int, UnsafeMutablePointer<UInt8>) -> Void
    ) {
        guard let weights = row.baseAddress, let bytes = blocks.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return }
        let blockCount = row.count / count
        let meanSquare = Lanes(repeating: importance.rowMeanSquare)
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { numbers in
            withScratch(Lanes.self, count: count * 4) { tile in
                let (weighted, rounded, levels) = (tile + count, tile + 2 * count, tile + 3 * count)
                for first in stride(from: 0, to: blockCount, by: 4) {
                    for lane in 0..<4 {
                        let column = min(first + lane, blockCount - 1) * count
                        for index in 0..<count {
                            tile[index][lane] = weights[column + index]
                            weighted[index][lane] = importance.columns[column + index]
                        }
                    }
                    for index in 0..<count {
                        weighted[index] = weighted[index] * (meanSquare + tile[index] * tile[index]).squareRoot()
                    }
                    let found = search(tile, weighted, rounded, levels)
                    for lane in 0..<min(4, blockCount - first) {
                        for index in 0..<count {
                            numbers[index] = UInt8(truncatingIfNeeded: levels[index].smallIntegers[lane])
                        }
                        let block = bytes + (first + lane) * Format.type.block.bytes
                        store(UnsafePointer(numbers.baseAddress!), found, lane, block)
                    }
                }
            }
        }
    }
}
