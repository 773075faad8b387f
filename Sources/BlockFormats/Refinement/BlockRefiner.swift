import Tensors

/// Lowers the error of blocks that were encoded with an importance matrix, within the same format.
///
/// The encoder's own search chooses each group's scale before it is rounded to an integer. The refiner changes the
/// stored numbers themselves: each group's to better neighbours, then the block's scale and minimum to the weighted
/// least-squares fit, as long as that helps. A block is replaced only if its error, as decoded from its bytes, has
/// decreased.
///
/// A weight's squared error is multiplied by `importance * sqrt(meanSquare / 2 + weight^2)`, with the block's mean
/// square. This favours small weights less than the encoder's rules do, and large weights more than the importance
/// alone does, whose least error is not the least divergence. docs/quantization-notes.md has the measurements behind
/// that choice.
enum BlockRefiner<Format: ScaledFormat> {
    /// The number of times that groups are changed and the block is fitted; most blocks settle after three.
    private static var rounds: Int { 6 }
    /// The largest change of a group's numbers in one round.
    private static var reach: Int32 { 2 }

    /// - Parameters:
    ///   - weights: the original weights of the block.
    ///   - counts: the weight of each squared error.
    ///   - block: the encoded block; replaced if that lowers its error.
    static func refine(
        _ weights: UnsafePointer<Float>,
        counting counts: UnsafePointer<Float>,
        block: UnsafeMutablePointer<UInt8>
    ) {
        let size = Format.type.block
        withScratch(Float.self, count: size.elements) { decoded in
            withScratch(UInt8.self, count: size.elements) { stored in
                withScratch(UInt8.self, count: size.bytes) { candidate in
                    let groups = RefinedGroups<Format>(weights, counts)
                    let scaled = search(from: Format.scales(of: block), groups)
                    groups.round(scaled, into: stored)
                    Format.store(scaled, stored, into: candidate)

                    Format.decode(block, into: decoded)
                    let before = error(of: decoded, weights, counts, size.elements)
                    Format.decode(candidate, into: decoded)
                    guard error(of: decoded, weights, counts, size.elements) < before else { return }
                    block.update(from: candidate, count: size.bytes)
                }
            }
        }
    }

    private static func error(
        of decoded: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        _ counts: UnsafePointer<Float>,
        _ count: Int
    ) -> Float {
        var sum: Float = 0
        for index in 0..<count {
            let difference = weights[index] - decoded[index]
            sum += counts[index] * difference * difference
        }
        return sum
    }

    private static func search(from start: ScaledBlock, _ groups: RefinedGroups<Format>) -> ScaledBlock {
        var best = start
        var bestError = groups.error(best)
        for first in starts(start) {
            var current = first
            var currentError = groups.error(current)
            for _ in 0..<rounds {
                let previous = currentError
                if Format.layout.groupScales.count > 1 {
                    for index in 0..<groups.count { groups.improve(index, of: &current, reach: reach) }
                    currentError = groups.error(current)
                }
                let fitted = groups.fit(current)
                let fittedError = groups.error(fitted)
                if fittedError < currentError { (current, currentError) = (fitted, fittedError) }
                guard currentError < previous else { break }
            }
            if currentError < bestError { (best, bestError) = (current, currentError) }
        }
        return best
    }

    /// Returns the starting points: several for a block with one group, which has only its own scale to change;
    /// otherwise the block as it is.
    private static func starts(_ block: ScaledBlock) -> [ScaledBlock] {
        guard Format.layout.groupScales.count == 1 else { return [block] }
        return (-6...6).map { step in
            var start = block
            start.scale = half(block.scale * (1 + 0.025 * Float(step)))
            return start
        }
    }
}

extension ScaledFormat {
    static func refine(
        _ blocks: UnsafeMutableRawBufferPointer,
        of rows: UnsafeBufferPointer<Float>,
        importance: UnsafeBufferPointer<Float>
    ) {
        guard let weights = rows.baseAddress, let columns = importance.baseAddress,
            let bytes = blocks.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return }
        let size = type.block
        withScratch(Float.self, count: size.elements) { counts in
            for index in 0..<(rows.count / size.elements) {
                let first = index * size.elements
                let block = weights + first
                let meanSquare = sumOfSquares(block, count: size.elements) / Float(size.elements)
                let blockColumns = columns + first % importance.count
                weigh(block, blockColumns, count: size.elements, meanSquare: meanSquare / 2, into: counts)
                BlockRefiner<Self>.refine(block, counting: counts, block: bytes + index * size.bytes)
            }
        }
    }
}
