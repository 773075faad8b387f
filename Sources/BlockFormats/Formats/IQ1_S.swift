import Tensors

/// 256 weights in eight groups of 32: a half-precision scale, a byte for each eight weights with a point's number, then
/// two bytes per group: the numbers' upper three bits four times, three bits of scale, a bit for the direction of the
/// shift. `weight = scale * (2 * groupScale + 1) * (value ± 1/8)`
enum IQ1_S: WeightedFormat {
    static let type = TensorType.iq1_s
    static var halfOffsets: [Int] { [0] }
    private static let points = 2
    private static let words = 34
    private static let groupSize = 32
    private static let negligible: Float = 1e-12
    /// The factor from the found scale to the larger stored one, which the reference's author found to be better.
    private static let correction: Float = 1.125

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = block.half(at: 0)
        for group in 0..<8 {
            let word = block.load(UInt16.self, at: words + group * 2)
            let groupScale = scale * Float(2 * Int32(word >> 12 & 7) + 1)
            for part in 0..<4 {
                let index = group * 4 + part
                Grid.iq1.decodeShifted(
                    Int(block[points + index]) | Int(word >> UInt16(3 * part) & 7) << 8,
                    scale: groupScale,
                    isLow: word & 0x8000 != 0,
                    into: weights + index * 8
                )
            }
        }
    }

    static func encode(
        _ weights: UnsafePointer<Float>,
        _ importance: (row: RowImportance, column: Int)?,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        guard let importance else { preconditionFailure("IQ1_S needs an importance matrix") }
        block.update(repeating: 0, count: type.block.bytes)
        let meanSquare = 2 * sumOfSquares(weights, count: 256) / 256
        withScratch(Float.self, count: 8 + groupSize) { scratch in
            let weighted = scratch + 8
            var greatest: Float = 0
            var lowGroups = SIMD8<UInt16>(repeating: 0)
            for group in 0..<8 {
                let x = weights + group * groupSize
                let columns = importance.row.columns + importance.column + group * groupSize
                weigh(x, columns, count: groupSize, meanSquare: meanSquare, into: weighted)
                guard let found = store(x, weighted, group, in: block) else {
                    block.giveUp(count: type.block.bytes, halfAt: 0)
                    return
                }
                scratch[group] = found.scale
                lowGroups[group] = found.isLow ? 0x8000 : 0
                greatest = max(greatest, found.scale)
            }
            guard greatest > 0 else { return }
            let scale = greatest / 15
            let inverse = 1 / scale
            block.storeHalf(scale * correction, at: 0)
            for group in 0..<8 {
                let level = max(0, min(7, nearestWrapping(0.5 * (inverse * scratch[group] - 1))))
                let word = UnsafePointer(block).load(UInt16.self, at: words + group * 2)
                block.store(word | UInt16(level) << 12 | lowGroups[group], at: words + group * 2)
            }
        }
    }

    /// Stores the points of a group.
    private static func store(
        _ x: UnsafePointer<Float>,
        _ weighted: UnsafePointer<Float>,
        _ group: Int,
        in block: UnsafeMutablePointer<UInt8>
    ) -> (scale: Float, isLow: Bool)? {
        var result: (scale: Float, isLow: Bool)? = (0, false)
        guard TernarySearch.greatestMagnitude(x, count: groupSize) >= negligible else { return result }
        withScratch(UInt8.self, count: groupSize) { order in
            TernarySearch.sort(x, count: groupSize, into: order)
            guard var split = split(x, weighted, order) else { return }
            withScratch(UInt16.self, count: 4) { numbers in
                guard
                    TernarySearch.settle(
                        &split,
                        x,
                        weights: weighted,
                        count: groupSize,
                        order: order,
                        numbers: numbers
                    )
                else {
                    result = nil
                    return
                }
                var word: UInt16 = 0
                for part in 0..<4 {
                    block[points + group * 4 + part] = UInt8(numbers[part] & 255)
                    word |= (numbers[part] >> 8) << UInt16(3 * part)
                }
                block.store(word, at: words + group * 2)
                result = (split.scale, split.isLow.0)
            }
        }
        return result
    }

    /// Finds the best of all splits, by weighted least squares.
    private static func split(
        _ x: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        _ order: UnsafePointer<UInt8>
    ) -> TernarySearch.Split? {
        var best: TernarySearch.Split?
        withScratch(Float.self, count: 2 * (groupSize + 1)) { sumX in
            let sumW = sumX + groupSize + 1
            (sumX[0], sumW[0]) = (0, 0)
            for rank in 0..<groupSize {
                let place = Int(order[rank])
                sumX[rank + 1] = sumX[rank] + weights[place] * x[place]
                sumW[rank + 1] = sumW[rank] + weights[place]
            }
            var bestScore = -Float.greatestFiniteMagnitude
            for second in 0...groupSize {
                for third in second...groupSize {
                    let (x1, x2, x3) = (sumX[second], sumX[third] - sumX[second], sumX[groupSize] - sumX[third])
                    let (w1, w2, w3) = (sumW[second], sumW[third] - sumW[second], sumW[groupSize] - sumW[third])
                    for isLow in [false, true] {
                        let values = isLow ? TernarySearch.low : TernarySearch.high
                        let (q1, q2, q3) = (values[0], values[1], values[2])
                        let sumQX = x1 * q1 + x2 * q2 + x3 * q3
                        let sumQ2 = w1 * q1 * q1 + w2 * q2 * q2 + w3 * q3 * q3
                        if sumQ2 > 0, sumQX * sumQX > bestScore * sumQ2 {
                            let scale = sumQX / sumQ2
                            bestScore = scale * sumQX
                            best = .init(second: second, third: third, scale: scale, isLow: (isLow, isLow))
                        }
                    }
                }
            }
        }
        return best
    }
}
