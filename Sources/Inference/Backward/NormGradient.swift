import Architectures

extension Norm {
    /// Computes the gradient of the norm's input: with y = w (x - m) s, m being the mean (of a layer norm; otherwise 0)
    /// and s the inverse root of the mean square, and t = w dy, dx = s (t - mean(t) - (x - m) s^2 mean(t (x - m))),
    /// with mean(t) for a layer norm only.
    /// - Parameters:
    ///   - gradient: dy, as many numbers as there are weights.
    ///   - x: the input of the norm.
    ///   - out: dx; may be the memory of the gradient, and is added to if `adds`.
    func flowBack(
        _ gradient: UnsafePointer<Float>,
        at x: UnsafePointer<Float>,
        weights: UnsafeBufferPointer<Float>,
        into out: UnsafeMutablePointer<Float>,
        adds: Bool = false
    ) {
        let count = weights.count
        let inverse = 1 / Double(count)
        let isCentered = kind == .layer
        let mean = isCentered ? Float(Self.sum(count) { Double(x[$0]) } * inverse) : 0
        let squares = Self.sum(count) { Double((x[$0] - mean) * (x[$0] - mean)) }
        let scale = 1 / (Float(squares * inverse) + epsilon).squareRoot()
        let along = Self.sum(count) { Double(weights[$0] * gradient[$0] * (x[$0] - mean)) }
        let level = isCentered ? Float(Self.sum(count) { Double(weights[$0] * gradient[$0]) } * inverse) : 0
        let slope = Float(along * inverse) * scale * scale
        for index in 0..<count {
            let value = scale * (weights[index] * gradient[index] - level - (x[index] - mean) * slope)
            out[index] = adds ? out[index] + value : value
        }
    }

    /// Returns the sum, from eight partial sums.
    @inline(__always)
    private static func sum(_ count: Int, _ term: (Int) -> Double) -> Double {
        var sums = SIMD8<Double>.zero
        let whole = count / 8 * 8
        for start in stride(from: 0, to: whole, by: 8) {
            for lane in 0..<8 { sums[lane] += term(start + lane) }
        }
        var sum = sums.sum()
        for index in whole..<count { sum += term(index) }
        return sum
    }
}
