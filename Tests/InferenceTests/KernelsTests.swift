import BlockFormats
import Inference
import TestSupport
import Testing

/// Each variant against the Swift definition. A sum of n products rounds at most n times each way, so the two differ by
/// at most 2 n units in the last place of the sum of magnitudes.
@Suite struct KernelsTests {
    static let seed = UInt64.random(in: 0 ... .max)
    static let variants = Kernels.available.filter { $0 != .swift }
    /// The error of the kernels' own `exp`, relative to the result.
    static let exponentialBound: Float = 4e-7

    func bound(_ count: Int, _ magnitude: Float) -> Float { 2 * Float(count) * Float.ulpOfOne * magnitude }

    func numbers(_ count: Int, _ random: inout SplitMix64) -> [Float] {
        (0..<count).map { _ in 2 * random.nextFraction() - 1 }
    }

    @Test(arguments: variants)
    func productsStayWithinTheirBound(kernels: Kernels) {
        var random = SplitMix64(seed: Self.seed)
        for _ in 0..<60 {
            let tokens = Int.random(in: 1...40, using: &random)
            let depth = Int.random(in: 1...400, using: &random)
            let count = Int.random(in: 1...panelWidth, using: &random)
            let x = numbers(tokens * depth, &random)
            let rows = numbers(count * depth, &random)
            let panel = numbers(depth * panelWidth, &random)
            for usesRows in [true, false] {
                // Columns past the panel must stay as they were.
                let stride = panelWidth + 3
                var results: [[Float]] = []
                for variant in [kernels, .swift] {
                    var out = [Float](repeating: -7, count: tokens * stride)
                    out.withUnsafeMutableBufferPointer { out in
                        x.withUnsafeBufferPointer { x in
                            let input = Rows(start: x.baseAddress!, stride: depth)
                            let target = Rows(start: out.baseAddress!, stride: stride)
                            if usesRows {
                                rows.withUnsafeBufferPointer {
                                    variant.multiply(
                                        tokens: tokens,
                                        depth: depth,
                                        input,
                                        weights: Rows(start: $0.baseAddress!, stride: depth),
                                        count: count,
                                        into: target
                                    )
                                }
                            } else {
                                panel.withUnsafeBufferPointer {
                                    variant.multiply(
                                        tokens: tokens,
                                        depth: depth,
                                        input,
                                        panel: Rows(start: $0.baseAddress!, stride: panelWidth),
                                        columns: count,
                                        into: target
                                    )
                                }
                            }
                        }
                    }
                    results.append(out)
                }
                let limit = bound(depth, Float(depth))
                let worst = zip(results[0], results[1]).map { abs($0 - $1) }.max() ?? 0
                #expect(worst <= limit, "seed \(Self.seed): \(tokens) x \(depth) x \(count), rows: \(usesRows)")
                let outside = (0..<tokens).flatMap { results[0][($0 * stride + count)..<(($0 + 1) * stride)] }
                #expect(outside.allSatisfy { $0 == -7 }, "seed \(Self.seed)")
            }
        }
    }

    @Test(arguments: variants)
    func dotStaysWithinItsBound(kernels: Kernels) {
        var random = SplitMix64(seed: Self.seed)
        for count in [0, 1, 15, 63, 64, 65, 127, 128, 1000] {
            let (a, b) = (numbers(count + 1, &random), numbers(count + 1, &random))
            let magnitude = zip(a, b).reduce(0) { $0 + abs($1.0 * $1.1) }
            let difference = kernels.dot(a, b, count: count) - Kernels.swift.dot(a, b, count: count)
            #expect(abs(difference) <= bound(count, magnitude), "seed \(Self.seed), \(count) numbers")
        }
    }

    @Test(arguments: variants)
    func exponentialsStayWithinTheirBound(kernels: Kernels) {
        var random = SplitMix64(seed: Self.seed)
        for count in [1, 3, 16, 17, 100] {
            let x = numbers(count, &random).map { 30 * $0 }
            let largest = x.withUnsafeBufferPointer { kernels.max($0) }
            #expect(largest == x.max())
            var (found, expected) = (x, x)
            let sums = [
                found.withUnsafeMutableBufferPointer { kernels.exponentiate($0, shift: largest, scale: 0.5) },
                expected.withUnsafeMutableBufferPointer { Kernels.swift.exponentiate($0, shift: largest, scale: 0.5) },
            ]
            for (a, b) in zip(found, expected) { #expect(abs(a - b) <= Self.exponentialBound * b, "seed \(Self.seed)") }
            #expect(abs(sums[0] / sums[1] - 1) <= Double(Self.exponentialBound))
            let plain = x.withUnsafeBufferPointer { x in
                [kernels, .swift].map { $0.sumOfExponentials(x, shift: largest) }
            }
            #expect(abs(plain[0] / plain[1] - 1) <= Double(Self.exponentialBound))
            let up = numbers(count, &random)
            var (gate, gate2) = (x, x)
            kernels.swiglu(&gate, up, count: count)
            Kernels.swift.swiglu(&gate2, up, count: count)
            for (a, b) in zip(gate, gate2) { #expect(abs(a - b) <= 2 * Self.exponentialBound * abs(b) + 1e-30) }
        }
    }

    @Test(arguments: variants)
    func geluDiffersByOneRoundingToHalfPrecisionAtMost(kernels: Kernels) {
        var random = SplitMix64(seed: Self.seed)
        for count in [1, 3, 16, 17, 1000] {
            let x = numbers(count, &random).map { (v: Float) -> Float in 12 * v * v * v }
            let factors = numbers(count, &random)
            for usesFactors in [true, false] {
                var (found, expected) = (x, x)
                factors.withUnsafeBufferPointer { factors in
                    let factors = usesFactors ? factors.baseAddress : nil
                    kernels.gelu(&found, times: factors, count: count)
                    Kernels.swift.gelu(&expected, times: factors, count: count)
                }
                // Where the exact result lies between two numbers of half precision, either may come out.
                for (a, b) in zip(found, expected) { #expect(abs(a - b) <= abs(b) * 0x1p-10 + 0x1p-24, "\(Self.seed)") }
                let equal = zip(found, expected).filter { $0 == $1 }.count
                #expect(count < 1000 || equal > 950, "seed \(Self.seed)")
            }
        }
        var edges: [Float] = [-10, 10, 12345.678, -1e30, 0, .infinity]
        kernels.gelu(&edges, times: nil, count: edges.count)
        #expect(edges == [0, 10, 12345.678, 0, 0, .infinity])
        var nothing: [Float] = [.nan]
        kernels.gelu(&nothing, times: nil, count: 1)
        #expect(nothing[0].isNaN)
    }

    @Test(arguments: variants)
    func softCapsStayWithinTheirBound(kernels: Kernels) {
        var random = SplitMix64(seed: Self.seed)
        for count in [1, 16, 19, 200] {
            let x = numbers(count, &random).map { 400 * $0 }
            var (found, expected) = (x, x)
            found.withUnsafeMutableBufferPointer { kernels.softCap($0, scale: 0.25, cap: 30) }
            expected.withUnsafeMutableBufferPointer { Kernels.swift.softCap($0, scale: 0.25, cap: 30) }
            for (a, b) in zip(found, expected) { #expect(abs(a - b) <= 30 * 4 * Float.ulpOfOne, "seed \(Self.seed)") }
            #expect(found.allSatisfy { abs($0) <= 30 })
        }
        var nothing: [Float] = [.nan]
        nothing.withUnsafeMutableBufferPointer { kernels.softCap($0, scale: 1, cap: 30) }
        #expect(nothing[0].isNaN)
    }

    @Test(arguments: variants)
    func notANumberIsNotHidden(kernels: Kernels) {
        for place in [0, 5, 40] {
            var x = [Float](repeating: 1, count: 41)
            x[place] = .nan
            let sum = x.withUnsafeBufferPointer { kernels.sumOfExponentials($0, shift: 1) }
            #expect(sum.isNaN)
        }
    }
}
