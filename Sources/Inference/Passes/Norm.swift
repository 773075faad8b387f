import Architectures

/// Normalizes rows to a common size, then multiplies each element by its weight and adds its bias.
///
/// Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019; Ba et al., "Layer Normalization", 2016.
/// Sums are in double precision, in eight partial sums.
struct Norm: Sendable {
    let kind: NormRule.Kind
    let epsilon: Float

    /// - Parameters:
    ///   - bias: as many elements as weights, or none.
    ///   - out: may be `x` itself.
    func apply(
        _ x: UnsafePointer<Float>,
        weights: UnsafeBufferPointer<Float>,
        bias: [Float] = [],
        into out: UnsafeMutablePointer<Float>
    ) {
        let count = weights.count
        let mean = kind == .layer ? Float(sum(x, count) { $0 } / Double(count)) : 0
        let squares = sum(x, count) { ($0 - mean) * ($0 - mean) }
        let scale = 1 / (Float(squares / Double(count)) + epsilon).squareRoot()
        for index in 0..<count { out[index] = (x[index] - mean) * scale * weights[index] }
        if !bias.isEmpty { for index in 0..<count { out[index] += bias[index] } }
    }

    @inline(__always)
    private func sum(_ x: UnsafePointer<Float>, _ count: Int, _ term: (SIMD8<Float>) -> SIMD8<Float>) -> Double {
        var sums = SIMD8<Double>.zero
        let whole = count / 8 * 8
        var part = SIMD8<Float>.zero
        for start in stride(from: 0, to: whole, by: 8) {
            for lane in 0..<8 { part[lane] = x[start + lane] }
            sums += SIMD8<Double>(term(part))
        }
        var sum = sums.sum()
        for index in whole..<count { sum += Double(term(SIMD8(repeating: x[index]))[0]) }
        return sum
    }
}
