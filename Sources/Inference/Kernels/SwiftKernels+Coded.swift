import CKernels

extension SwiftKernels {
    /// Returns the power of two by which a group of numbers is divided, and its inverse, by the largest magnitude.
    ///
    /// Numbers below 2^(e + 1) become codes below 2^13. A group without a number of 2^-99 or more counts as zero; a
    /// group with an infinity or a NaN makes all its products NaN.
    static func scales(of magnitude: Float) -> (scale: Float, factor: Float) {
        guard magnitude.isFinite else { return (.nan, 0) }
        guard magnitude >= 0x1p-99 else { return (0, 0) }
        let exponent = Int(magnitude.exponent)
        return (
            Float(sign: .plus, exponent: exponent - 12, significand: 1),
            Float(sign: .plus, exponent: 12 - exponent, significand: 1)
        )
    }

    /// Encodes up to 32 numbers.
    /// - Returns: their scale.
    static func code(
        _ count: Int,
        _ number: (Int) -> Float,
        into store: (Int, Int16) -> Void
    ) -> Float {
        // Magnitudes compare as their bits do, with those of NaN above all.
        let bits = (0..<count).map { number($0).bitPattern & 0x7fff_ffff }.max() ?? 0
        let (scale, factor) = scales(of: Float(bitPattern: bits))
        for index in 0..<count {
            let code = factor == 0 ? 0 : (number(index) * factor).rounded(.toNearestOrEven)
            store(index, Int16(Swift.min(Swift.max(code, -8191), 8191)))
        }
        return scale
    }

    static func code(
        _ rows: Range<Int>,
        of total: Int,
        depth: Int,
        _ x: Rows<UnsafePointer<Float>>,
        into codes: UnsafeMutablePointer<Int16>,
        _ scales: UnsafeMutablePointer<Float>
    ) {
        let (block, group) = (Int(EK_DEPTH), Int(EK_GROUP))
        for row in rows {
            for start in stride(from: 0, to: (depth + block - 1) / block * block, by: group) {
                let place = (start / block * total + row) * block + start % block
                for index in 0..<group { codes[place + index] = 0 }
                scales[place / group] = code(Swift.max(0, Swift.min(group, depth - start))) { index in
                    x.start[row * x.stride + start + index]
                } into: { index, code in
                    codes[place + index] = code
                }
            }
        }
    }

    static func multiply(
        _ count: Int,
        depth: Int,
        _ codes: UnsafePointer<Int16>,
        _ scales: UnsafePointer<Float>,
        weights: Rows<UnsafePointer<Float>>,
        rowCount: Int,
        into out: Rows<UnsafeMutablePointer<Float>>
    ) {
        let (block, group) = (Int(EK_DEPTH), Int(EK_GROUP))
        for row in 0..<rowCount {
            var own = [Int16](repeating: 0, count: depth)
            let ownScales = stride(from: 0, to: depth, by: group).map { start in
                code(Swift.min(group, depth - start)) { index in
                    weights.start[row * weights.stride + start + index]
                } into: { index, code in
                    own[start + index] = code
                }
            }
            for token in 0..<count {
                var total: Float = 0
                for (index, start) in stride(from: 0, to: depth, by: group).enumerated() {
                    let place = (start / block * count + token) * block + start % block
                    var sum: Int32 = 0
                    for k in 0..<min(group, depth - start) { sum += Int32(codes[place + k]) * Int32(own[start + k]) }
                    total += Float(sum) * scales[place / group] * ownScales[index]
                }
                out.start[token * out.stride + row] = total
            }
        }
    }
}
