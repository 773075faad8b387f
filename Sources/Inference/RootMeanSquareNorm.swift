/// Scales rows to a root mean square of one, then each element by its weight.
///
/// Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019. Squares are summed in double precision, in
/// eight partial sums.
struct RootMeanSquareNorm {
    let epsilon: Float

    func apply(
        _ x: UnsafePointer<Float>,
        weights: UnsafeBufferPointer<Float>,
        into out: UnsafeMutablePointer<Float>
    ) {
        let count = weights.count
        var sums = SIMD8<Double>.zero
        let whole = count / 8 * 8
        for start in stride(from: 0, to: whole, by: 8) {
            var squares = SIMD8<Float>.zero
            for lane in 0..<8 { squares[lane] = x[start + lane] * x[start + lane] }
            sums += SIMD8<Double>(squares)
        }
        var sum = sums.sum()
        for index in whole..<count { sum += Double(x[index] * x[index]) }
        let scale = 1 / (Float(sum / Double(count)) + epsilon).squareRoot()
        for index in 0..<count { out[index] = x[index] * scale * weights[index] }
    }
}
