/// Finds scale and levels `-4 ... 3` for groups of three-bit weights, four groups at once.
///
/// The method is that of llama.cpp's `make_q3_quants`: start from the scale that maps the largest weight to -4, then
/// change single levels in up to five passes if that raises the weighted correlation.
struct ThreeBitSearch {
    private static let half: Float = 4

    /// - Parameter levels: receives the stored numbers, `0 ... 7`; all zero for a group without weight.
    /// - Returns: the scales.
    @inline(__always)
    static func run(_ tile: Tile, count: Int, levels: Tile) -> Lanes {
        let (extreme, isZero) = largest(tile, count)
        let inverseScale = -half / extreme
        var sumLX = Lanes.zero
        var sumL2 = Lanes.zero
        for index in 0..<count {
            let x = tile[index]
            let l = (inverseScale * x).nearest.clamped(-half, half - 1)
            levels[index] = l
            let w = x * x
            sumLX += w * x * l
            sumL2 += w * l * l
        }
        for _ in 0..<5 {
            var changed = LaneMask(repeating: false)
            for index in 0..<count {
                let x = tile[index]
                let w = x * x
                let l = levels[index]
                var restLX = sumLX - w * x * l
                let isPossible = (restLX .> 0) .& .!isZero
                guard any(isPossible) else { continue }
                var restL2 = sumL2 - w * l * l
                let ideal = nearest(x * restL2 / restLX).clamped(-half, half - 1)
                restLX += w * x * ideal
                restL2 += w * ideal * ideal
                let isBetter = restLX * restLX * sumL2 .> sumLX * sumLX * restL2
                let accepted = isPossible .& (ideal .!= l) .& (restL2 .> 0) .& isBetter
                levels[index].take(ideal, where: accepted)
                sumLX.take(restLX, where: accepted)
                sumL2.take(restL2, where: accepted)
                changed = changed .| accepted
            }
            // A pass that changes nothing in a group would also change nothing later, so the groups may wait for each
            // other.
            guard any(changed) else { break }
        }
        for index in 0..<count {
            levels[index] = (levels[index] + half).replacing(with: 0, where: isZero)
        }
        let scale = (sumLX / sumL2).replacing(with: 0, where: .!(sumL2 .> 0))
        return scale.replacing(with: 0, where: isZero)
    }

    /// Rounds numbers of any size as the reference does; a quotient can exceed the range in which rounding is simple.
    @inline(__always)
    private static func nearest(_ value: Lanes) -> Lanes {
        guard all(value.magnitude .< 4_000_000) else {
            return Lanes(small: value.nearestWrapping.clamped(-4, 3))
        }
        return value.nearest
    }
}
