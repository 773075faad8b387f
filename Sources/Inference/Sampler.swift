import BlockFormats

/// The rule for choosing the next token.
public enum Sampling: Sendable, Equatable {
    /// Always the most likely token; among equals, the one with the lowest id.
    case greedy
    /// A random token, in proportion to the probabilities at a temperature; the same seed gives the same text.
    case random(temperature: Float, seed: UInt64)
}

/// Chooses tokens from logits.
struct Sampler {
    private let sampling: Sampling
    private let kernels: Kernels
    /// Tokens that are never chosen.
    private let suppressed: [Int32]
    private var state: UInt64

    init(_ sampling: Sampling, kernels: Kernels, suppressed: [Int32] = []) {
        self.sampling = sampling
        self.kernels = kernels
        self.suppressed = suppressed
        state = if case .random(_, let seed) = sampling { seed } else { 0 }
    }

    mutating func choose(_ logits: UnsafeBufferPointer<Float>) -> Int32 {
        guard !suppressed.isEmpty else { return chooseAmongAll(logits) }
        var allowed = Array(logits)
        for token in suppressed where allowed.indices.contains(Int(token)) { allowed[Int(token)] = -.infinity }
        return allowed.withUnsafeBufferPointer { chooseAmongAll($0) }
    }

    private mutating func chooseAmongAll(_ logits: UnsafeBufferPointer<Float>) -> Int32 {
        let largest = kernels.max(logits)
        let best = Int32(logits.firstIndex(of: largest) ?? 0)
        guard case .random(let temperature, _) = sampling, temperature > 0 else { return best }
        var weights = Array(logits)
        let sum = weights.withUnsafeMutableBufferPointer {
            kernels.exponentiate($0, shift: largest, scale: 1 / temperature)
        }
        var rest = nextFraction() * sum
        for (token, weight) in weights.enumerated() {
            rest -= Double(weight)
            if rest < 0 { return Int32(token) }
        }
        return best  // rounding left a remainder
    }

    /// Returns a number from 0 up to 1, by SplitMix64 (Steele et al., 2014).
    private mutating func nextFraction() -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        mixed ^= mixed >> 31
        return Double(mixed >> 11) / Double(1 << 53)
    }
}
