import TestSupport

/// Kinds of blocks, the usual and the awkward.
enum Sample: CaseIterable {
    case random, mixedSigns, positive, zero, negativeZero, constant, negativeConstant, oneOutlier, oneWeight, ramp, ties
    case tiny, negligible, denormal, leastDenormal, large, huge, greatest, wideRange, oneGroupOnly, anyBits

    /// 256 finite weights.
    func block(_ random: inout SeededRandom) -> [Float] {
        func uniform(_ scale: Float) -> [Float] {
            (0..<256).map { _ in Float.random(in: -1...1, using: &random) * scale }
        }
        switch self {
        case .random: return uniform(0.1)
        case .mixedSigns: return (0..<256).map { $0 % 2 == 0 ? 1 : -1 }
        case .positive: return uniform(1).map { abs($0) + 0.5 }
        case .zero: return [Float](repeating: 0, count: 256)
        case .negativeZero: return [Float](repeating: -0.0, count: 256)
        case .constant: return [Float](repeating: Float.random(in: 0.001...9, using: &random), count: 256)
        case .negativeConstant: return [Float](repeating: -Float.random(in: 0.001...9, using: &random), count: 256)
        case .oneOutlier:
            var block = uniform(0.01)
            block[Int.random(in: 0..<256, using: &random)] = Bool.random(using: &random) ? 50 : -50
            return block
        case .oneWeight:
            var block = [Float](repeating: 0, count: 256)
            block[Int.random(in: 0..<256, using: &random)] = Float.random(in: -3...3, using: &random)
            return block
        case .ramp: return (0..<256).map { Float($0 - 128) / 16 }
        case .ties: return (0..<256).map { _ in Float(Int.random(in: -16...16, using: &random)) / 2 }
        case .tiny: return uniform(1e-20)
        case .negligible: return uniform(2e-15)
        case .denormal: return uniform(.leastNormalMagnitude / 10)
        case .leastDenormal: return (0..<256).map { _ in Float(bitPattern: UInt32.random(in: 0...3, using: &random)) }
        case .large: return uniform(60_000)
        case .huge: return uniform(1e30)
        case .greatest: return uniform(1).map { $0 < 0 ? -.greatestFiniteMagnitude : .greatestFiniteMagnitude }
        case .wideRange:
            return (0..<256).map { _ in
                Float(
                    sign: Bool.random(using: &random) ? .plus : .minus,
                    exponent: Int.random(in: -40...15, using: &random),
                    significand: 1.3
                )
            }
        case .oneGroupOnly: return uniform(1).enumerated().map { (64..<96).contains($0.offset) ? $0.element : 0 }
        case .anyBits:
            return (0..<256).map { _ in
                let value = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
                return value.isFinite ? value : 0
            }
        }
    }
}

/// Kinds of importance matrices.
enum Importance: CaseIterable {
    case random, withZeros, wideRange, equal

    func columns(_ count: Int, _ random: inout SeededRandom) -> [Float] {
        switch self {
        case .random: (0..<count).map { _ in Float.random(in: 0.001...2, using: &random) }
        case .withZeros:
            (0..<count).map { _ in Bool.random(using: &random) ? 0 : Float.random(in: 0...1, using: &random) }
        case .wideRange:
            (0..<count).map { _ in
                Float(sign: .plus, exponent: Int.random(in: -40...20, using: &random), significand: 1.7)
            }
        case .equal: [Float](repeating: 1, count: count)
        }
    }
}
