/// Finds scale and grid points for the groups of a block, as in IQ2 and IQ3 formats: `weight ≈ ± scale * q`; the odd
/// numbers `q = 2 * digit + 1` of eight (or four) weights together are a point of the grid.
///
/// The method is that of llama.cpp's IQ2 and IQ3 quantizers: try scales around the one that maps the largest weight to
/// the end of the range; round, and use the cheapest neighbour if that gives no point; evaluate by weighted least
/// squares.
struct GridSearch: Sendable {
    /// The processing after the best step is known, if its scale is positive.
    enum Refinement {
        /// All points are searched again with the found scale.
        case everything
        /// All points are searched again, but only if some group of weights did not round to a point.
        case everythingUnlessOnGrid
        /// Only groups of weights that did not round to a point are searched again.
        case offGrid
    }

    let neighbours: GridNeighbours
    /// The number of weights that share a scale.
    let groupSize: Int
    /// The number of steps to either side, and the distance between them.
    let stepCount: Int
    let step: Float
    /// Whether the signs of eight weights must have an even number of minuses, so that seven bits suffice.
    var hasEvenSigns = false
    /// The magnitude below which a group is treated as zero.
    var negligible: Float
    /// Whether the steps are around a searched scale, instead of the one for the largest weight.
    var startsFromSearchedScale = false
    var refinement = Refinement.offGrid
    /// The factor of the block's mean square in a weight's importance.
    var meanSquareFactor: Float = 2
    /// The factor of that scaled mean square, which is added to a weight's own square if there is no importance matrix;
    /// nil to add nothing.
    var plainFactor: Float?

    /// - Parameter found: receives the contents of the block, besides its scale; zeros for groups without weight.
    /// - Returns: the block's scale; zero if those of all groups are; nil for numbers that the reference rejects.
    func run(
        _ weights: UnsafePointer<Float>,
        _ importance: (row: RowImportance, column: Int)?,
        into found: GridBlock
    ) -> Float? {
        let meanSquare = meanSquareFactor * sumOfSquares(weights, count: 256) / 256
        var result: Float?
        withScratch(Float.self, count: 16 + 3 * 32 + DigitCosts.count) { scratch in
            let group = Group(scratch + 16)
            var greatest: Float = 0
            for index in 0..<(256 / groupSize) {
                let start = index * groupSize
                for place in 0..<groupSize {
                    let x = weights[start + place]
                    group.weights[place] =
                        if let importance {
                            importance.row.columns[importance.column + start + place]
                                * (meanSquare + x * x).squareRoot()
                        } else {
                            plainFactor.map { $0 * meanSquare + x * x } ?? x * x
                        }
                    group.roots[place] = group.weights[place].squareRoot()
                }
                guard let scale = fit(weights + start, group, found.group(at: start, neighbours.grid)) else { return }
                scratch[index] = scale
                greatest = max(greatest, scale)
            }
            if greatest == 0, hasEvenSigns {
                // If signs are bound to points, a block without a scale stores neither.
                found.numbers.update(repeating: 0, count: 256 / neighbours.grid.dimension)
                found.signs.update(repeating: 0, count: 32)
            }
            result = found.storeLevels(of: scratch, count: 256 / groupSize, greatest: greatest)
        }
        return result
    }

    /// - Returns: the group's scale, never negative; nil for numbers that the reference rejects.
    private func fit(_ x: UnsafePointer<Float>, _ group: Group, _ found: GridBlock) -> Float? {
        let greatestLevel = Float(2 * neighbours.grid.radix - 1)
        let pointCount = groupSize / neighbours.grid.dimension
        for index in 0..<pointCount { found.numbers[index] = 0 }
        separateSigns(x, group, found.signs)
        var greatest = group.magnitudes[0]
        for place in 1..<groupSize where group.magnitudes[place] > greatest { greatest = group.magnitudes[place] }
        var scale = greatest / greatestLevel
        var isZero = greatest < negligible
        if !isZero, startsFromSearchedScale {
            scale = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: groupSize) {
                PositiveScaleSearch(levels: Int32(neighbours.grid.radix + 1))
                    .run(group.magnitudes, importance: group.weights, count: groupSize, into: $0.baseAddress!)
            }
            greatest = scale * Float(neighbours.grid.radix)
            isZero = greatest <= 0
        }
        if isZero {
            for index in 0..<(groupSize / 8) { found.signs[index] = 0 }
            return 0
        }

        // The lowest point, until a step is accepted.
        var kept = Points(isOnGrid: refinement == .offGrid)
        var best: Float = 0
        for index in -stepCount...stepCount {
            let inverse = (greatestLevel + Float(index) * step) / greatest
            var trial = Points(isOnGrid: true)
            for point in 0..<pointCount {
                guard round(group, point, inverse: inverse, scale: 1 / inverse, &trial) else { return nil }
            }
            let (sumQX, sumQ2) = sums(group, trial)
            if sumQ2 > 0, sumQX * sumQX > best * sumQ2 {
                scale = sumQX / sumQ2
                best = scale * sumQX
                kept = trial
            }
        }
        if scale > 0, refinement == .everything || kept.onGrid.contains(false, upTo: pointCount) {
            for point in 0..<pointCount where refinement != .offGrid || !kept.onGrid[point] {
                guard round(group, point, inverse: 1 / scale, scale: scale, &kept) else { return nil }
            }
            let (sumQX, sumQ2) = sums(group, kept)
            if sumQ2 > 0 { scale = sumQX / sumQ2 }
        }
        if scale < 0 {
            scale = -scale
            for index in 0..<(groupSize / 8) { found.signs[index] = ~found.signs[index] & signMask }
        }
        for point in 0..<pointCount {
            let place = neighbours.places[neighbours.grid.cell(packed: kept.packed[point])]
            found.numbers[point] = UInt16(truncatingIfNeeded: place)
        }
        return scale >= 0 ? scale : nil
    }

    private var signMask: UInt8 { hasEvenSigns ? 0x7f : 0xff }

    /// Separates weights into magnitudes and signs. If the number of minus signs must be even and is not, the least
    /// important weight gets the wrong sign, and its magnitude becomes negative.
    private func separateSigns(_ x: UnsafePointer<Float>, _ group: Group, _ signs: UnsafeMutablePointer<UInt8>) {
        for eight in 0..<(groupSize / 8) {
            var bits: UInt8 = 0
            for place in 0..<8 {
                let value = x[eight * 8 + place]
                group.magnitudes[eight * 8 + place] = value >= 0 ? value : -value
                if !(value >= 0) { bits |= 1 << UInt8(place) }
            }
            if hasEvenSigns, !bits.nonzeroBitCount.isMultiple(of: 2) {
                var least = 0
                var leastCost = Float.infinity
                for place in 0..<8 {
                    let value = x[eight * 8 + place]
                    let cost = group.weights[eight * 8 + place] * value * value
                    if place == 0 || cost < leastCost {
                        leastCost = cost
                        least = place
                    }
                }
                group.magnitudes[eight * 8 + least] = -group.magnitudes[eight * 8 + least]
                bits ^= 1 << UInt8(least)
            }
            signs[eight] = bits & signMask
        }
    }

    /// Finds the point for one row of weights.
    /// - Returns: false if the weights' costs overflow.
    @inline(__always)
    private func round(_ group: Group, _ point: Int, inverse: Float, scale: Float, _ points: inout Points) -> Bool {
        let grid = neighbours.grid
        let start = point * grid.dimension
        var packed: UInt16 = 0
        for place in 0..<grid.dimension {
            let digit = nearestWrapping(0.5 * (inverse * group.magnitudes[start + place] - 1))
            packed |= UInt16(max(0, min(Int32(grid.radix - 1), digit))) << UInt16(place * grid.digitBits)
        }
        let place = neighbours.places[grid.cell(packed: packed)]
        points.onGrid[point] = place >= 0
        points.packed[point] = packed
        guard place < 0 else { return true }
        Self.oddNumbers.withUnsafeBufferPointer {
            group.costs.fill(
                grid,
                x: group.magnitudes + start,
                weights: group.roots + start,
                scale: scale,
                values: $0.baseAddress!
            )
        }
        guard let cheapest = group.costs.cheapest(neighbours, at: place) else { return false }
        points.packed[point] = cheapest
        return true
    }

    @inline(__always)
    private func sums(_ group: Group, _ points: Points) -> (qx: Float, q2: Float) {
        let grid = neighbours.grid
        var sumQX: Float = 0
        var sumQ2: Float = 0
        for index in 0..<groupSize {
            let w = group.weights[index]
            let q = Float(2 * grid.digit(index % grid.dimension, of: points.packed[index / grid.dimension]) + 1)
            sumQX += w * group.magnitudes[index] * q
            sumQ2 += w * q * q
        }
        return (sumQX, sumQ2)
    }

    private static let oddNumbers: [Float] = [1, 3, 5, 7, 9, 11, 13, 15]
}

/// The weights of a group as the search uses them.
private struct Group {
    let magnitudes: UnsafeMutablePointer<Float>
    /// The importance of each weight in sums over the group, and its root, which is its importance among neighbours.
    let weights: UnsafeMutablePointer<Float>
    let roots: UnsafeMutablePointer<Float>
    let costs: DigitCosts

    init(_ scratch: UnsafeMutablePointer<Float>) {
        magnitudes = scratch
        weights = scratch + 32
        roots = scratch + 64
        costs = DigitCosts(scratch: scratch + 96)
    }
}

/// The points of a group, up to eight, as packed digits.
private struct Points {
    var packed = SIMD8<UInt16>(repeating: 0)
    /// Whether rounding alone gave the point.
    var onGrid: SIMDMask<SIMD8<Int16>>

    init(isOnGrid: Bool) { onGrid = SIMDMask(repeating: isOnGrid) }
}

extension SIMDMask {
    fileprivate func contains(_ value: Bool, upTo count: Int) -> Bool { (0..<count).contains { self[$0] == value } }
}
