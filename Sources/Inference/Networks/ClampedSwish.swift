#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// gpt-oss's gated unit: the gate's SiLU with a steeper sigmoid, times up plus one. Large inputs are clamped first: the
/// gate from above, up from both sides.
///
/// Source: OpenAI, gpt-oss-120b & gpt-oss-20b model card, 2025; constants as in the published code.
enum ClampedSwish {
    /// The sigmoid's factor.
    static let steepness: Float = 1.702
    /// The largest input after clamping.
    static let limit: Float = 7

    /// gate = min(gate, limit) * sigmoid(steepness * gate) * (clamp(up) + 1)
    static func apply(_ gate: UnsafeMutablePointer<Float>, _ up: UnsafePointer<Float>, count: Int) {
        for index in 0..<count {
            let x = min(gate[index], limit)
            let y = max(-limit, min(up[index], limit))
            gate[index] = x / (1 + expf(steepness * -x)) * (y + 1)
        }
    }
}
