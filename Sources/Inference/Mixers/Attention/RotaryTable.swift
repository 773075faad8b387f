import Architectures

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Cosines and sines of the rotary embedding for consecutive positions.
struct RotaryTable {
    /// (cosine, sine) for each position and pair of elements.
    private(set) var values: [Float] = []
    let dimensions: Int
    private let layout: RotaryLayout

    /// - Parameter factors: divides the angle of each pair; empty for none.
    init(_ rule: RotaryRule, factors: [Float], positions: Range<Int>) {
        layout = rule.layout
        dimensions = rule.dimensions
        values.reserveCapacity(positions.count * dimensions)
        let ratio = powf(rule.base, -2 / Float(dimensions))
        let ramp = rule.usesYaRN ? YaRNRamp(rule) : nil
        for position in positions {
            // The reference multiplies step by step in single precision; so does this.
            var angle = Float(position)
            for pair in 0..<(dimensions / 2) {
                let own = rule.stillPairs.contains(pair) ? 0 : angle
                let unscaled = factors.isEmpty ? own : own / factors[pair]
                var scaled = rule.positionScale * unscaled
                if let ramp {
                    let share = ramp.share(ofPair: pair)
                    scaled = scaled * (1 - share) + unscaled * share
                }
                values.append(cosf(scaled) * rule.magnitude)
                values.append(sinf(scaled) * rule.magnitude)
                angle *= ratio
            }
        }
    }

    /// Rotates the first elements of one head in place.
    /// - Parameters:
    ///   - row: the index in the table's positions.
    ///   - isBackward: whether to rotate gradients, which is by the opposite angle.
    func apply(row: Int, to head: UnsafeMutablePointer<Float>, isBackward: Bool = false) {
        let (first, second, step) = layout == .adjacent ? (0, 1, 2) : (0, dimensions / 2, 1)
        values.withUnsafeBufferPointer { table in
            let angles = UnsafeBufferPointer(rebasing: table[(row * dimensions)..<((row + 1) * dimensions)])
            for pair in 0..<(dimensions / 2) {
                let (cosine, sine) = (angles[2 * pair], isBackward ? -angles[2 * pair + 1] : angles[2 * pair + 1])
                let (a, b) = (head[first + pair * step], head[second + pair * step])
                head[first + pair * step] = a * cosine - b * sine
                head[second + pair * step] = a * sine + b * cosine
            }
        }
    }
}

/// The tables of a model's layers for consecutive positions.
struct RotaryTables {
    private let everywhere: RotaryTable?
    private let local: RotaryTable?

    init(_ arithmetic: ModelArithmetic, factors: [Float], positions: Range<Int>) {
        everywhere = arithmetic.rotary.map { RotaryTable($0, factors: factors, positions: positions) }
        if arithmetic.localRotary == arithmetic.rotary, arithmetic.localTakesFactors || factors.isEmpty {
            local = everywhere
        } else {
            // Local layers were trained without factors.
            local = arithmetic.localRotary.map { RotaryTable($0, factors: [], positions: positions) }
        }
    }

    /// Returns the table of a layer; nil for layers without a rotary embedding.
    subscript(positions: PositionRule) -> RotaryTable? {
        switch positions {
        case .none: nil
        case .everywhere: everywhere
        case .local: local
        }
    }
}

/// The ramp by which YaRN keeps fast frequencies and scales slow ones.
private struct YaRNRamp {
    let low: Float
    let high: Float

    init(_ rule: RotaryRule) {
        func pair(turning turns: Float) -> Float {
            Float(rule.dimensions) * logf(Float(rule.originalContext) / (turns * 2 * .pi)) / (2 * logf(rule.base))
        }
        low = max(0, floorf(pair(turning: rule.fastTurns)))
        high = min(Float(rule.dimensions - 1), ceilf(pair(turning: rule.slowTurns)))
    }

    /// Returns the share of the unscaled angle that remains.
    func share(ofPair pair: Int) -> Float {
        1 - min(1, max(0, (Float(pair) - low) / max(0.001, high - low)))
    }
}
