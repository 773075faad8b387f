/// The magnitude below which the reference treats a group as all zero.
let negligible: Float = 1e-15

/// Finds the scale for groups that store `weight ≈ scale * q` with `q` in `-half ..< half`, four groups at once.
///
/// The method is that of llama.cpp's `make_qx_quants`, with squared weights as importance if none is given: nineteen
/// inverse scales around the one that maps the largest weight to the end of the range, evaluated by weighted least
/// squares.
struct ScaleSearch {
    let half: Float

    struct Result {
        var scale: Lanes
        /// The inverse scale of the kept step's rounding: `q = (inverseScale * weight).nearest`.
        var inverseScale: Lanes
        /// The groups whose weights are all negligible; their scale is zero.
        var isZero: LaneMask
    }

    @inline(__always)
    func run(_ tile: Tile, importance: Tile? = nil, count: Int) -> Result {
        let (extreme, isZero) = largest(tile, count)
        var inverseScale = -half / extreme
        var (sumLX, sumL2) = sums(tile, importance, count, inverseScale)
        var scale = (sumLX / sumL2).replacing(with: 0, where: sumL2 .== 0)
        var best = scale * sumLX
        var kept = inverseScale
        for step in -9...9 where step != 0 {
            inverseScale = -(half + 0.1 * Float(step)) / extreme
            (sumLX, sumL2) = sums(tile, importance, count, inverseScale)
            let accepted = (sumL2 .> 0) .& (sumLX * sumLX .> best * sumL2)
            if any(accepted) {
                let fitted = sumLX / sumL2
                scale.take(fitted, where: accepted)
                best.take(fitted * sumLX, where: accepted)
                kept.take(inverseScale, where: accepted)
            }
        }
        return Result(scale: scale.replacing(with: 0, where: isZero), inverseScale: kept, isZero: isZero)
    }

    /// Returns the stored numbers of element `x`, `0 ..< 2 * half`, by the kept step's rounding.
    @inline(__always)
    func levels(of x: Lanes, in result: Result) -> Lanes {
        let rounded = (result.inverseScale * x).nearest.clamped(-half, half - 1) + half
        return rounded.replacing(with: 0, where: result.isZero)
    }

    @inline(__always)
    private func sums(
        _ tile: Tile,
        _ importance: Tile?,
        _ count: Int,
        _ inverseScale: Lanes
    ) -> (lx: Lanes, l2: Lanes) {
        var sumLX = Lanes.zero
        var sumL2 = Lanes.zero
        for index in 0..<count {
            let x = tile[index]
            let l = (inverseScale * x).nearest.clamped(-half, half - 1)
            let w = importance.map { $0[index] } ?? x * x
            sumLX += w * x * l
            sumL2 += w * l * l
        }
        return (sumLX, sumL2)
    }
}

/// Returns the weight of largest magnitude in each group, the first among equals, and the groups whose weights are all
/// negligible.
@inline(__always)
func largest(_ tile: Tile, _ count: Int) -> (extreme: Lanes, isZero: LaneMask) {
    var extreme = Lanes.zero
    var greatest = Lanes.zero
    for index in 0..<count {
        let x = tile[index]
        let isGreater = x.magnitude .> greatest
        greatest.take(x.magnitude, where: isGreater)
        extreme.take(x, where: isGreater)
    }
    return (extreme, greatest .< negligible)
}
