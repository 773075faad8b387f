import Tensors

/// 256 weights in sixteen groups of 16: a byte for each eight weights with a point's number, four more bits with the
/// number's upper three and the direction of the shift, three bits of scale per group, and a half-precision scale, four
/// bits of which are stored at a time in the unused bits of the groups' scales. `weight = scale * (2 * groupScale + 1)
/// * (value ± 1/8)`
enum IQ1_M: WeightedFormat {
    static let type = TensorType.iq1_m
    /// Empty, because no scale is stored contiguously.
    static var halfOffsets: [Int] { [] }
    private static let highBits = 32
    private static let scales = 48
    private static let groupSize = 16
    private static let negligible: Float = 1e-7
    /// The factor from the found scale to the larger stored one, which the reference's author found to be better.
    private static let correction: Float = 1.1125

    static func decode(_ block: UnsafePointer<UInt8>, into weights: UnsafeMutablePointer<Float>) {
        let scale = HalfFloat.decode(scaleBits(of: block))
        for index in 0..<32 {
            let group = index / 2
            let level = block.load(UInt16.self, at: scales + group / 4 * 2) >> UInt16(group % 4 * 3) & 7
            let high = block[highBits + group] >> UInt8(index % 2 * 4)
            Grid.iq1.decodeShifted(
                Int(block[index]) | Int(high & 7) << 8,
                scale: scale * Float(2 * Int32(level) + 1),
                isLow: high & 8 != 0,
                into: weights + index * 8
            )
        }
    }

    static func isUsable(blocks: UnsafeRawBufferPointer) -> Bool {
        guard let start = blocks.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return true }
        return stride(from: 0, to: blocks.count, by: type.block.bytes)
            .allSatisfy { scaleBits(of: start + $0) & 0x7c00 != 0x7c00 }
    }

    private static func scaleBits(of block: UnsafePointer<UInt8>) -> UInt16 {
        (0..<4).reduce(0) { $0 | (block.load(UInt16.self, at: scales + $1 * 2) >> 12) << UInt16($1 * 4) }
    }

    private static func storeScale(_ scale: Float, in block: UnsafeMutablePointer<UInt8>) {
        let bits = HalfFloat.encode(scale)
        for part in 0..<4 {
            let word = UnsafePointer(block).load(UInt16.self, at: scales + part * 2)
            block.store(word | (bits >> UInt16(part * 4) & 15) << 12, at: scales + part * 2)
        }
    }

    static func encode(
        _ weights: UnsafePointer<Float>,
        _ importance: (row: RowImportance, column: Int)?,
        into block: UnsafeMutablePointer<UInt8>
    ) {
        block.update(repeating: 0, count: type.block.bytes)
        let meanSquare = 2 * sumOfSquares(weights, count: 256) / 256
        withScratch(Float.self, count: 256) { weighted in
            withUnsafeTemporaryAllocation(of: TernarySearch.Split.self, capacity: 16) { splits in
                let columns = importance.map { $0.row.columns + $0.column }
                weigh(weights, columns, count: 256, meanSquare: meanSquare, into: weighted)
                var greatest: Float = 0
                for group in 0..<16 {
                    guard let split = store(weights + group * groupSize, weighted + group * groupSize, group, in: block)
                    else {
                        block.update(repeating: 0, count: type.block.bytes)
                        storeScale(.nan, in: block)
                        return
                    }
                    splits[group] = split
                    greatest = max(greatest, split.scale)
                }
                if greatest > 0 { storeScales(weights, weighted, splits.baseAddress!, greatest, in: block) }
            }
        }
    }

    /// Stores the points of a group.
    private static func store(
        _ x: UnsafePointer<Float>,
        _ weighted: UnsafePointer<Float>,
        _ group: Int,
        in block: UnsafeMutablePointer<UInt8>
    ) -> TernarySearch.Split? {
        let nothing = TernarySearch.Split(second: 0, third: 0, scale: 0, isLow: (false, false))
        var result: TernarySearch.Split? = nothing
        guard TernarySearch.greatestMagnitude(x, count: groupSize) >= negligible else { return result }
        withScratch(UInt8.self, count: groupSize) { order in
            TernarySearch.sort(x, count: groupSize, into: order)
            guard var split = split(x, weighted, order) else { return }
            withScratch(UInt16.self, count: 2) { numbers in
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
                block[group * 2] = UInt8(numbers[0] & 255)
                block[group * 2 + 1] = UInt8(numbers[1] & 255)
                block[highBits + group] = UInt8(numbers[0] >> 8 | (numbers[1] >> 8) << 4)
                result = split
            }
        }
        return result
    }

    /// Finds the best of all splits, by weighted least squares. The halves are shifted independently, so there are sums
    /// for each.
    private static func split(
        _ x: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        _ order: UnsafePointer<UInt8>
    ) -> TernarySearch.Split? {
        var best: TernarySearch.Split?
        withScratch(SIMD2<Float>.self, count: 2 * (groupSize + 1)) { sumX in
            let sumW = sumX + groupSize + 1
            (sumX[0], sumW[0]) = (.zero, .zero)
            for rank in 0..<groupSize {
                let place = Int(order[rank])
                let half = place * 2 / groupSize
                (sumX[rank + 1], sumW[rank + 1]) = (sumX[rank], sumW[rank])
                sumX[rank + 1][half] += weights[place] * x[place]
                sumW[rank + 1][half] += weights[place]
            }
            let fits = [TernarySearch.high, TernarySearch.low].map { values in
                HalfFit(values, totalX: sumX[groupSize], totalW: sumW[groupSize])
            }
            var bestScore = -Float.greatestFiniteMagnitude
            for second in 0...groupSize {
                for third in second...groupSize {
                    let high = fits[0].sums(sumX[second] + sumX[third], sumW[second], sumW[third])
                    let low = fits[1].sums(sumX[second] + sumX[third], sumW[second], sumW[third])
                    for isLow in [(false, false), (false, true), (true, false), (true, true)] {
                        let (first, last) = (isLow.0 ? low : high, isLow.1 ? low : high)
                        let sumQX = first.qx[0] + last.qx[1]
                        let sumQ2 = first.q2[0] + last.q2[1]
                        if sumQ2 > 0, sumQX * sumQX > bestScore * sumQ2 {
                            let scale = sumQX / sumQ2
                            bestScore = scale * sumQX
                            best = .init(second: second, third: third, scale: scale, isLow: isLow)
                        }
                    }
                }
            }
        }
        return best
    }

    /// Stores the groups' scales and shifts, then the block's scale, which is fitted to all of them.
    private static func storeScales(
        _ x: UnsafePointer<Float>,
        _ weighted: UnsafePointer<Float>,
        _ splits: UnsafePointer<TernarySearch.Split>,
        _ greatest: Float,
        in block: UnsafeMutablePointer<UInt8>
    ) {
        var scale = greatest / 15
        let inverse = 1 / scale
        var sums = (qx: Float(0), q2: Float(0))
        for group in 0..<16 {
            let split = splits[group]
            let level = max(0, min(7, nearestWrapping(0.5 * (inverse * split.scale - 1))))
            let word = UnsafePointer(block).load(UInt16.self, at: scales + group / 4 * 2)
            block.store(word | UInt16(level) << UInt16(group % 4 * 3), at: scales + group / 4 * 2)
            for part in 0..<2 {
                let number =
                    UInt16(block[group * 2 + part]) | UInt16(block[highBits + group] >> UInt8(part * 4) & 7) << 8
                let place = group * groupSize + part * 8
                TernarySearch.add(
                    x + place,
                    weighted + place,
                    number,
                    TernarySearch.values(split, part, groupSize),
                    factor: Float(2 * level + 1),
                    to: &sums
                )
            }
            block[highBits + group] |= (split.isLow.0 ? 0x08 : 0) | (split.isLow.1 ? 0x80 : 0)
        }
        if sums.q2 > 0 { scale = sums.qx / sums.q2 }
        storeScale(scale * correction, in: block)
    }
}

/// The sums of a least-squares fit for each half of a group, from prefix sums over the sorted weights.
private struct HalfFit {
    private let totalQX: SIMD2<Float>
    private let totalQ2: SIMD2<Float>
    private let secondFactor: Float
    private let thirdFactor: Float

    init(_ values: [Float], totalX: SIMD2<Float>, totalW: SIMD2<Float>) {
        // Adjacent values differ by one, so a run's sum is subtracted once for each run after it.
        totalQX = totalX * values[2]
        totalQ2 = totalW * values[2] * values[2]
        secondFactor = values[0] * values[0] - values[1] * values[1]
        thirdFactor = values[1] * values[1] - values[2] * values[2]
    }

    @inline(__always)
    func sums(
        _ beginnings: SIMD2<Float>,
        _ second: SIMD2<Float>,
        _ third: SIMD2<Float>
    ) -> (qx: SIMD2<Float>, q2: SIMD2<Float>) {
        (totalQX - beginnings, totalQ2 + second * secondFactor + third * thirdFactor)
    }
}
