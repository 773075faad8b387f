/// The searches of llama.cpp's quantizer, one group at a time and one operation after the other, as their definition:
/// what the vector code gives must be these results to the bit. Written for reading, not for speed.
enum ScalarSearch {
    /// The nearest whole number, ties to even, as taken from the bits of `value + 1.5 * 2^23`: beyond 2^22 it wraps.
    static func nearest(_ value: Float) -> Int {
        Int(Int32(bitPattern: (value + 12_582_912).bitPattern & 0x7f_ffff)) - 0x40_0000
    }

    static func limit(_ number: Int, _ range: ClosedRange<Int>) -> Int {
        max(range.lowerBound, min(range.upperBound, number))
    }

    /// Scale, minimum and levels of `x ≈ scale * level - minimum`: tries `stepCount + 1` inverse scales and keeps the
    /// least weighted error.
    static func scaleAndMinimum(
        _ x: [Float],
        weights: [Float],
        greatestLevel: Int,
        first: Float,
        step: Float,
        stepCount: Int,
        absoluteError: Bool
    ) -> (scale: Float, minimum: Float, levels: [Int]) {
        var least = x[0]
        var most = x[0]
        var sumW: Float = weights[0]
        var sumX: Float = weights[0] * x[0]
        for (x, w) in zip(x, weights).dropFirst() {
            if x < least { least = x }
            if x > most { most = x }
            sumW += w
            sumX += w * x
        }
        if least > 0 { least = 0 }
        if least == most { return (0, -least, x.map { _ in 0 }) }

        func levels(_ inverse: Float) -> [Int] { x.map { limit(nearest(inverse * ($0 - least)), 0...greatestLevel) } }
        func error(_ levels: [Int], _ scale: Float, _ minimum: Float) -> Float {
            var sum: Float = 0
            for (index, level) in levels.enumerated() {
                let difference = scale * Float(level) + minimum - x[index]
                sum += weights[index] * (absoluteError ? abs(difference) : difference * difference)
            }
            return sum
        }

        let inverse = Float(greatestLevel) / (most - least)
        var best = (scale: 1 / inverse, levels: levels(inverse))
        var bestError = error(best.levels, best.scale, least)
        for index in 0...stepCount {
            let tried = levels((first + step * Float(index) + Float(greatestLevel)) / (most - least))
            var sumL: Float = 0
            var sumL2: Float = 0
            var sumXL: Float = 0
            for (index, level) in tried.enumerated() {
                let l = Float(level)
                sumL += weights[index] * l
                sumL2 += weights[index] * l * l
                sumXL += weights[index] * l * x[index]
            }
            let determinant = sumW * sumL2 - sumL * sumL
            guard determinant > 0 else { continue }
            var scale = (sumW * sumXL - sumX * sumL) / determinant
            var minimum = (sumL2 * sumX - sumL * sumXL) / determinant
            if minimum > 0 {
                minimum = 0
                scale = sumXL / sumL2
            }
            let fitted = error(tried, scale, minimum)
            if fitted < bestError {
                bestError = fitted
                best = (scale, tried)
                least = minimum  // which the steps that follow start from
            }
        }
        return (best.scale, -least, best.levels)
    }

    /// Scale and levels of `x ≈ scale * (level - half)`, squared weights as importance: nineteen inverse scales around
    /// the one that takes the largest weight to the end of the range.
    static func scale(_ x: [Float], half: Int) -> (scale: Float, levels: [Int]) {
        guard let extreme = extreme(x) else { return (0, x.map { _ in 0 }) }
        var best: (scale: Float, levels: [Int]) = (0, [])
        var bestGain: Float = 0
        for step in [0] + Array(-9...(-1)) + Array(1...9) {
            let inverse = -(Float(half) + 0.1 * Float(step)) / extreme
            let levels = x.map { limit(nearest(inverse * $0), -half...(half - 1)) }
            let (sumLX, sumL2) = sums(x, levels)
            if step == 0 {
                best = (sumL2 != 0 ? sumLX / sumL2 : 0, levels)
                bestGain = best.scale * sumLX
            } else if sumL2 > 0, sumLX * sumLX > bestGain * sumL2 {
                best = (sumLX / sumL2, levels)
                bestGain = best.scale * sumLX
            }
        }
        return (best.scale, best.levels.map { $0 + half })
    }

    /// Scale and levels of `x ≈ scale * (level - 4)`: up to five passes that move one level at a time where that raises
    /// the weighted correlation.
    static func threeBits(_ x: [Float]) -> (scale: Float, levels: [Int]) {
        guard let extreme = extreme(x) else { return (0, x.map { _ in 0 }) }
        var levels = x.map { limit(nearest(-4 / extreme * $0), -4...3) }
        var (sumLX, sumL2) = sums(x, levels)
        for _ in 0..<5 {
            var hasChanged = false
            for (index, x) in x.enumerated() {
                let w = x * x
                let old = Float(levels[index])
                var restLX = sumLX - w * x * old
                guard restLX > 0 else { continue }
                var restL2 = sumL2 - w * old * old
                let level = limit(nearest(x * restL2 / restLX), -4...3)
                guard level != levels[index] else { continue }
                restLX += w * x * Float(level)
                restL2 += w * Float(level) * Float(level)
                guard restL2 > 0, restLX * restLX * sumL2 > sumLX * sumLX * restL2 else { continue }
                levels[index] = level
                (sumLX, sumL2) = (restLX, restL2)
                hasChanged = true
            }
            guard hasChanged else { break }
        }
        return (sumL2 > 0 ? sumLX / sumL2 : 0, levels.map { $0 + 4 })
    }

    /// The weight of largest magnitude, the first of equals; nil where all are negligible.
    private static func extreme(_ x: [Float]) -> Float? {
        var extreme: Float = 0
        for x in x where abs(x) > abs(extreme) { extreme = x }
        return abs(extreme) < 1e-15 ? nil : extreme
    }

    private static func sums(_ x: [Float], _ levels: [Int]) -> (lx: Float, l2: Float) {
        var sumLX: Float = 0
        var sumL2: Float = 0
        for (x, level) in zip(x, levels) {
            sumLX += x * x * x * Float(level)
            sumL2 += x * x * Float(level) * Float(level)
        }
        return (sumLX, sumL2)
    }
}
