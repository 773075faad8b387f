/// Finds scale and minimum for groups that store `weight ≈ scale * q - minimum` with `q` in `0 ... levels`, four groups
/// at once.
///
/// The method is that of llama.cpp's `make_qkx2_quants`: try a range of inverse scales, fit scale and minimum to the
/// rounded weights by weighted least squares, keep the best. An accepted step changes the minimum from which the
/// following steps start, so steps run in order and only groups run in parallel.
struct ScaleAndMinimumSearch {
    let levels: Float
    /// The first offset: the inverse scales tried are `(levels + first + step * i) / range` for `i` in
    /// `0 ... stepCount`.
    let first: Float
    let step: Float
    let stepCount: Int
    /// Whether absolute errors are weighed instead of squared ones.
    let absoluteError: Bool

    /// Returns the search with an importance matrix, which is the same for all formats.
    static func weighted(levels: Float) -> ScaleAndMinimumSearch {
        ScaleAndMinimumSearch(levels: levels, first: -0.9, step: 0.05, stepCount: 36, absoluteError: false)
    }

    /// The result of the search, one group per lane.
    struct Result {
        var scale: Lanes
        /// The subtracted minimum, never negative: the format stores minus the minimum.
        var minimum: Lanes
        /// The inverse scale of the kept step's rounding: `q = (inverseScale * (weight - base)).nearest`, unless
        /// `isFlat` is set.
        var inverseScale: Lanes
        var base: Lanes
        var isFlat: LaneMask
    }

    /// - Parameters:
    ///   - tile, importance: `count` elements of four groups.
    ///   - levelsScratch: memory for `count` lanes.
    @inline(__always)
    func run(_ tile: Tile, importance: Tile, count: Int, levelsScratch: Tile) -> Result {
        var minimum = tile[0]
        var maximum = tile[0]
        var sumW = importance[0]
        var sumX = sumW * tile[0]
        for index in 1..<count {
            let x = tile[index]
            let w = importance[index]
            minimum = minimum.replacing(with: x, where: x .< minimum)
            maximum = maximum.replacing(with: x, where: x .> maximum)
            sumW += w
            sumX += w * x
        }
        let least = minimum
        minimum = minimum.replacing(with: 0, where: minimum .> 0)
        let isFlat = maximum .== minimum

        var inverseScale = levels / (maximum - minimum)
        var scale = 1 / inverseScale
        var best = Result(
            scale: scale,
            minimum: minimum,
            inverseScale: inverseScale,
            base: minimum,
            isFlat: isFlat
        )
        round(tile, count, inverseScale, base: minimum, least: least, most: maximum, into: levelsScratch)
        var bestError = error(tile, importance, levelsScratch, count, scale: scale, minimum: minimum)

        for stepIndex in 0...stepCount {
            inverseScale = (first + step * Float(stepIndex) + levels) / (maximum - minimum)
            round(tile, count, inverseScale, base: minimum, least: least, most: maximum, into: levelsScratch)
            var sumL = Lanes.zero
            var sumL2 = Lanes.zero
            var sumXL = Lanes.zero
            for index in 0..<count {
                let l = levelsScratch[index]
                let wl = importance[index] * l
                sumL += wl
                sumL2 += wl * l
                sumXL += wl * tile[index]
            }
            let determinant = sumW * sumL2 - sumL * sumL
            var fittedScale = (sumW * sumXL - sumX * sumL) / determinant
            var fittedMinimum = (sumL2 * sumX - sumL * sumXL) / determinant
            let isPositive = fittedMinimum .> 0
            fittedMinimum.take(.zero, where: isPositive)
            fittedScale.take(sumXL / sumL2, where: isPositive)
            let fittedError = error(
                tile,
                importance,
                levelsScratch,
                count,
                scale: fittedScale,
                minimum: fittedMinimum
            )
            let accepted = (determinant .> 0) .& (fittedError .< bestError)
            if any(accepted) {
                bestError.take(fittedError, where: accepted)
                best.inverseScale.take(inverseScale, where: accepted)
                best.base.take(minimum, where: accepted)
                scale.take(fittedScale, where: accepted)
                minimum.take(fittedMinimum, where: accepted)
            }
        }
        // A flat group is one whose weights all equal its minimum: it stores only the minimum.
        best.scale = scale.replacing(with: 0, where: isFlat)
        best.minimum = minimum.replacing(with: best.minimum, where: isFlat).negated
        return best
    }

    /// Returns the levels of element `index` by the kept step's rounding.
    @inline(__always)
    func levels(of x: Lanes, in result: Result) -> Lanes {
        let rounded = Lanes(
            small: (result.inverseScale * (x - result.base)).nearestWrapping.clamped(0, Int32(levels))
        )
        return rounded.replacing(with: 0, where: result.isFlat)
    }

    @inline(__always)
    private func round(
        _ tile: Tile,
        _ count: Int,
        _ inverseScale: Lanes,
        base: Lanes,
        least: Lanes,
        most: Lanes,
        into result: Tile
    ) {
        // The products are monotonic in the weight, so the extremes show whether all of them are in range.
        let limit = Lanes(repeating: 4_000_000)
        let inRange =
            ((inverseScale * (least - base)).magnitude .< limit) .& ((inverseScale * (most - base)).magnitude .< limit)
        if all(inRange) {
            for index in 0..<count {
                result[index] = (inverseScale * (tile[index] - base)).nearest.clamped(0, levels)
            }
        } else {
            for index in 0..<count {
                let rounded = (inverseScale * (tile[index] - base)).nearestWrapping
                result[index] = Lanes(small: rounded.clamped(0, Int32(levels)))
            }
        }
    }

    @inline(__always)
    private func error(
        _ tile: Tile,
        _ importance: Tile,
        _ levels: Tile,
        _ count: Int,
        scale: Lanes,
        minimum: Lanes
    ) -> Lanes {
        var sum = Lanes.zero
        for index in 0..<count {
            let difference = scale * levels[index] + minimum - tile[index]
            sum += importance[index] * (absoluteError ? difference.magnitude : difference * difference)
        }
        return sum
    }
}
