import Tensors

/// Whole blocks of the formats that search, weight by weight and bit by bit: the definition of their bytes.
enum ScalarEncoder {
    static func encode(_ x: [Float], as type: TensorType) -> [UInt8]? {
        switch type {
        case .q8_0: q8_0(x)
        case .q2_K: q2_K(x)
        case .q3_K: q3_K(x)
        case .q4_K: q4_K(x, bits: 4, first: -1, stepCount: 20)
        case .q5_K: q4_K(x, bits: 5, first: -0.5, stepCount: 15)
        case .q6_K: q6_K(x)
        default: nil
        }
    }

    private static func q8_0(_ x: [Float]) -> [UInt8] {
        let scale = (x.map(abs).max() ?? 0) / 127
        let inverse = scale == 0 ? 0 : 1 / scale
        return half(scale)
            + x.map { x in
                let rounded = (x * inverse).rounded(.toNearestOrAwayFromZero)
                return rounded.isFinite ? UInt8(truncatingIfNeeded: Int(rounded)) : 0
            }
    }

    private static func q2_K(_ x: [Float]) -> [UInt8] {
        let found = groups(x, of: 16).map {
            ScalarSearch.scaleAndMinimum(
                $0,
                weights: $0.map(abs),
                greatestLevel: 3,
                first: -0.5,
                step: 0.1,
                stepCount: 15,
                absoluteError: true
            )
        }
        let scale = greatest(found.map(\.scale))
        let minimum = greatest(found.map(\.minimum))
        let packed = found.map { found in
            let low = scale > 0 ? ScalarSearch.nearest(15 / scale * found.scale) : 0
            let high = minimum > 0 ? ScalarSearch.nearest(15 / minimum * found.minimum) : 0
            return UInt8(truncatingIfNeeded: low) | UInt8(truncatingIfNeeded: high) << 4
        }
        let (d, m) = (stored(scale / 15), stored(minimum / 15))
        var levels: [Int] = []
        for (index, group) in groups(x, of: 16).enumerated() {
            let scale = d * Float(packed[index] & 15)
            let minimum = m * Float(packed[index] >> 4)
            levels += scale == 0 ? found[index].levels : quotients(group, scale, plus: minimum, 0...3)
        }
        return packed + twoBits(levels) + half(scale / 15) + half(minimum / 15)
    }

    private static func q3_K(_ x: [Float]) -> [UInt8] {
        let found = groups(x, of: 16).map(ScalarSearch.threeBits)
        var extreme: Float = 0
        for found in found where abs(found.scale) > abs(extreme) { extreme = found.scale }
        let inverse = -32 / extreme
        let scales = found.map { found in
            extreme == 0
                ? 0
                : ScalarSearch.limit(
                    Int(Int8(truncatingIfNeeded: ScalarSearch.nearest(inverse * found.scale))),
                    -32...31
                ) + 32
        }
        let d = extreme == 0 ? 0 : 1 / inverse
        var levels: [Int] = []
        for (index, group) in groups(x, of: 16).enumerated() {
            let scale = stored(d) * Float(scales[index] - 32)
            levels += scale == 0 ? found[index].levels : quotients(group, scale, plus: 0, -4...3).map { $0 + 4 }
        }
        var bytes = [UInt8](repeating: 0, count: 32)
        for (index, level) in levels.enumerated() where level > 3 { bytes[index % 32] |= 1 << UInt8(index / 32) }
        var packed = [UInt8](repeating: 0, count: 12)
        for (index, scale) in scales.enumerated() {
            packed[index % 8] |= UInt8(scale & 15) << (index < 8 ? 0 : 4)
            packed[8 + index % 4] |= UInt8(scale >> 4) << UInt8(2 * (index / 4))
        }
        return bytes + twoBits(levels.map { $0 & 3 }) + packed + half(d)
    }

    /// Q4_K, and Q5_K with its fifth bits.
    private static func q4_K(_ x: [Float], bits: Int, first: Float, stepCount: Int) -> [UInt8] {
        let highest = 1 << bits - 1
        let found = groups(x, of: 32).map { group in
            let average = (group.reduce(0) { $0 + $1 * $1 } / 32).squareRoot()
            return ScalarSearch.scaleAndMinimum(
                group,
                weights: group.map { average + abs($0) },
                greatestLevel: highest,
                first: first,
                step: 0.1,
                stepCount: stepCount,
                absoluteError: false
            )
        }
        let scale = greatest(found.map(\.scale))
        let minimum = greatest(found.map(\.minimum))
        func sixBits(_ value: Float, _ greatest: Float) -> Int {
            let inverse = greatest > 0 ? 63 / greatest : 0
            return min(63, Int(UInt8(truncatingIfNeeded: ScalarSearch.nearest(inverse * value))))
        }
        let scales = found.map { sixBits($0.scale, scale) }
        let minimums = found.map { sixBits($0.minimum, minimum) }
        let (d, m) = (stored(scale / 63), stored(minimum / 63))
        var levels: [Int] = []
        for (index, group) in groups(x, of: 32).enumerated() {
            let scale = d * Float(scales[index])
            let minimum = m * Float(minimums[index])
            levels += scale == 0 ? found[index].levels : quotients(group, scale, plus: minimum, 0...highest)
        }
        var packed = [UInt8](repeating: 0, count: 12)
        for index in 0..<4 {
            packed[index] = UInt8(scales[index] | (scales[index + 4] >> 4) << 6)
            packed[index + 4] = UInt8(minimums[index] | (minimums[index + 4] >> 4) << 6)
            packed[index + 8] = UInt8(scales[index + 4] & 15 | (minimums[index + 4] & 15) << 4)
        }
        var fifth = [UInt8](repeating: 0, count: 32)
        for (index, level) in levels.enumerated() { fifth[index % 32] |= UInt8(level >> 4) << UInt8(index / 32) }
        let low = groups(levels.map { UInt8($0 & 15) }, of: 64).flatMap { pair in
            (0..<32).map { pair[$0] | pair[$0 + 32] << 4 }
        }
        return half(scale / 63) + half(minimum / 63) + packed + (bits == 5 ? fifth : []) + low
    }

    private static func q6_K(_ x: [Float]) -> [UInt8] {
        let found = groups(x, of: 16).map { ScalarSearch.scale($0, half: 32) }
        var extreme: Float = 0
        for found in found where abs(found.scale) > abs(extreme) { extreme = found.scale }
        guard abs(extreme) >= 1e-15 else { return [UInt8](repeating: 0, count: 210) }
        let inverse = -128 / extreme
        let scales = found.map { Int8(truncatingIfNeeded: min(127, ScalarSearch.nearest(inverse * $0.scale))) }
        var levels: [Int] = []
        for (index, group) in groups(x, of: 16).enumerated() {
            let scale = stored(1 / inverse) * Float(scales[index])
            levels += scale == 0 ? found[index].levels : quotients(group, scale, plus: 0, -32...31).map { $0 + 32 }
        }
        let low = groups(levels.map { UInt8($0 & 15) }, of: 128).flatMap { part in
            (0..<64).map { part[$0] | part[$0 + 64] << 4 }
        }
        let high = groups(levels.map { UInt8($0 >> 4) }, of: 128).flatMap { part in
            (0..<32).map { part[$0] | part[$0 + 32] << 2 | part[$0 + 64] << 4 | part[$0 + 96] << 6 }
        }
        return low + high + scales.map { UInt8(bitPattern: $0) } + half(1 / inverse)
    }
}

extension ScalarEncoder {
    static func groups<Element>(_ elements: [Element], of count: Int) -> [[Element]] {
        stride(from: 0, to: elements.count, by: count).map { Array(elements[$0..<($0 + count)]) }
    }

    /// The greatest positive number, or a positive zero.
    private static func greatest(_ values: [Float]) -> Float { values.reduce(0) { $1 > $0 ? $1 : $0 } }

    private static func half(_ value: Float) -> [UInt8] {
        let bits = HalfFloat.encode(value)
        return [UInt8(bits & 255), UInt8(bits >> 8)]
    }

    /// The value as the block keeps it.
    private static func stored(_ value: Float) -> Float { HalfFloat.decode(HalfFloat.encode(value)) }

    private static func quotients(_ x: [Float], _ scale: Float, plus minimum: Float, _ range: ClosedRange<Int>) -> [Int]
    {
        x.map { ScalarSearch.limit(ScalarSearch.nearest(($0 + minimum) / scale), range) }
    }

    /// Two bits of weights that stand 32 apart in a byte.
    private static func twoBits(_ levels: [Int]) -> [UInt8] {
        groups(levels.map { UInt8($0) }, of: 128).flatMap { part in
            (0..<32).map { part[$0] | part[$0 + 32] << 2 | part[$0 + 64] << 4 | part[$0 + 96] << 6 }
        }
    }
}
