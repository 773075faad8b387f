/// Finds the scale for groups of 32 weights that store `weight ≈ scale * value`, with sixteen values that are denser
/// around zero.
///
/// The method is that of llama.cpp's `quantize_row_iq4_nl_impl`: fifteen inverse scales around the one that maps the
/// largest weight to the lowest value, evaluated by weighted least squares.
enum UnevenSearch {
    static let values = GridData.iq4Values.map(Float.init)

    /// - Returns: zero for a group without weight.
    static func scale(_ x: UnsafePointer<Float>, weights: UnsafePointer<Float>) -> Float {
        var extreme: Float = 0
        for place in 0..<32 where abs(x[place]) > abs(extreme) { extreme = x[place] }
        guard abs(extreme) >= negligible else { return 0 }
        return values.withUnsafeBufferPointer { values in
            var (sumQX, sumQ2) = sums(x, weights, values, inverse: 1 / (-extreme / values[0]))
            var scale = sumQ2 > 0 ? sumQX / sumQ2 : 0
            var best = scale * sumQX
            for step in -7...7 {
                (sumQX, sumQ2) = sums(x, weights, values, inverse: (Float(step) + values[0]) / extreme)
                if sumQ2 > 0, sumQX * sumQX > best * sumQ2 {
                    scale = sumQX / sumQ2
                    best = scale * sumQX
                }
            }
            return scale
        }
    }

    /// Packs a group's levels into 16 bytes, with weight `i` and weight `i + 16` in one.
    @inline(__always)
    static func store(_ x: UnsafePointer<Float>, inverse: Float, into bytes: UnsafeMutablePointer<UInt8>) {
        values.withUnsafeBufferPointer { values in
            for place in 0..<16 {
                let low = nearest(inverse * x[place], values)
                let high = nearest(inverse * x[place + 16], values)
                bytes[place] = UInt8(low | high << 4)
            }
        }
    }

    /// Reads the output of `store`.
    @inline(__always)
    static func decode(_ bytes: UnsafePointer<UInt8>, scale: Float, into weights: UnsafeMutablePointer<Float>) {
        values.withUnsafeBufferPointer { values in
            for place in 0..<16 {
                weights[place] = scale * values[Int(bytes[place] & 15)]
                weights[place + 16] = scale * values[Int(bytes[place] >> 4)]
            }
        }
    }

    /// Returns the two sums of a least-squares fit: of the products of weights and their levels, and of the squared
    /// levels.
    @inline(__always)
    private static func sums(
        _ x: UnsafePointer<Float>,
        _ weights: UnsafePointer<Float>,
        _ values: UnsafeBufferPointer<Float>,
        inverse: Float
    ) -> (qx: Float, q2: Float) {
        var sumQX: Float = 0
        var sumQ2: Float = 0
        for place in 0..<32 {
            let q = values[nearest(inverse * x[place], values)]
            let w = weights[place]
            sumQX += w * q * x[place]
            sumQ2 += w * q * q
        }
        return (sumQX, sumQ2)
    }

    /// Returns the index of the nearest value; of two equally near ones, the upper; for NaN, the last.
    @inline(__always)
    private static func nearest(_ x: Float, _ values: UnsafeBufferPointer<Float>) -> Int {
        if x <= values[0] { return 0 }
        if x >= values[15] { return 15 }
        var (lower, upper) = (0, 15)
        while upper - lower > 1 {
            let middle = (lower + upper) / 2
            if x < values[middle] { upper = middle } else { lower = middle }
        }
        return x - values[lower] < values[upper] - x ? lower : upper
    }
}
