/// Finds one scale for the scales of a block's groups, which are stored as integers `0 ... levels`.
///
/// The method is that of llama.cpp's `make_qp_quants`: choose the best of nine inverse scales by weighted error, then
/// change single numbers in up to five passes if that raises the weighted correlation.
struct PositiveScaleSearch {
    let levels: Int32

    /// - Parameters:
    ///   - values: the `count` numbers to store.
    ///   - importance: the importance of each.
    ///   - stored: receives the integers.
    /// - Returns: the scale.
    func run(
        _ values: UnsafePointer<Float>,
        importance: UnsafePointer<Float>,
        count: Int,
        into stored: UnsafeMutablePointer<UInt8>
    ) -> Float {
        var greatest: Float = 0
        for index in 0..<count where values[index] > greatest { greatest = values[index] }
        guard greatest >= negligible else {
            for index in 0..<count { stored[index] = 0 }
            return 0
        }
        let inverse = bestInverse(values, importance, count, greatest)
        var sumLX: Float = 0
        var sumL2: Float = 0
        for index in 0..<count {
            let level = min(levels, nearestWrapping(inverse * values[index]))
            stored[index] = UInt8(truncatingIfNeeded: level)
            let w = importance[index]
            sumLX += w * values[index] * Float(level)
            sumL2 += w * Float(level) * Float(level)
        }
        for _ in 0..<5 {
            guard improve(values, importance, count, stored, &sumLX, &sumL2) else { break }
        }
        return sumL2 > 0 ? sumLX / sumL2 : 0
    }

    private func bestInverse(
        _ values: UnsafePointer<Float>,
        _ importance: UnsafePointer<Float>,
        _ count: Int,
        _ greatest: Float
    ) -> Float {
        var inverse = Float(levels) / greatest
        var best = error(values, importance, count, inverse) { UInt8(truncatingIfNeeded: $0) }
        for step in -4...4 where step != 0 {
            let candidate = (0.1 * Float(step) + Float(levels)) / greatest
            let error = error(values, importance, count, candidate) { min(levels, $0) }
            if error < best {
                best = error
                inverse = candidate
            }
        }
        return inverse
    }

    /// - Parameter stored: converts a rounded number; the reference clamps it in all steps except the first.
    @inline(__always)
    private func error(
        _ values: UnsafePointer<Float>,
        _ importance: UnsafePointer<Float>,
        _ count: Int,
        _ inverse: Float,
        stored: (Int32) -> some FixedWidthInteger
    ) -> Float {
        let scale = 1 / inverse
        var sum: Float = 0
        for index in 0..<count {
            let difference = values[index] - scale * Float(stored(nearestWrapping(inverse * values[index])))
            sum += importance[index] * difference * difference
        }
        return sum
    }

    /// Runs one pass over the numbers.
    /// - Returns: whether any was changed.
    private func improve(
        _ values: UnsafePointer<Float>,
        _ importance: UnsafePointer<Float>,
        _ count: Int,
        _ stored: UnsafeMutablePointer<UInt8>,
        _ sumLX: inout Float,
        _ sumL2: inout Float
    ) -> Bool {
        var isMoved = false
        for index in 0..<count {
            let w = importance[index]
            let level = Float(stored[index])
            var restLX = sumLX - w * values[index] * level
            var restL2 = sumL2 - w * level * level
            guard restLX > 0, restL2 > 0 else { continue }
            let ideal = min(levels, nearestWrapping(values[index] * restL2 / restLX))
            guard ideal != Int32(stored[index]) else { continue }
            restLX += w * values[index] * Float(ideal)
            restL2 += w * Float(ideal) * Float(ideal)
            if restLX * restLX * sumL2 > sumLX * sumLX * restL2 {
                stored[index] = UInt8(truncatingIfNeeded: ideal)
                sumLX = restLX
                sumL2 = restL2
                isMoved = true
            }
        }
        return isMoved
    }
}
