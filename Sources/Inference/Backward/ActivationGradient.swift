import Architectures
import BlockFormats

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The unit between a network's matrices, and its gradients, for one token.
///
/// A gated unit gives m = f(gate) up, so that dgate = dm up f'(gate) and dup = dm f(gate); a plain one gives m = f(up).
/// GELU is the usual approximation with a hyperbolic tangent; gradients ignore its rounding to half precision.
struct ActivationGradient: Sendable {
    let activation: Activation
    /// The length of the unit's output. Its input has the same length, or twice that if it is gated.
    let length: Int

    /// - Parameters:
    ///   - input: gate, then up; or up alone.
    ///   - change: the gradient with respect to the unit's output: `length` numbers.
    ///   - out: the gradient with respect to the input.
    func flowBack(
        _ change: UnsafePointer<Float>,
        at input: UnsafePointer<Float>,
        into out: UnsafeMutablePointer<Float>
    ) {
        let (up, upOut) = (input + length, out + length)
        switch activation {
        case .gatedSiLU:
            for index in 0..<length {
                let share = sigmoid(input[index])
                let value = input[index] * share
                upOut[index] = change[index] * value
                out[index] = change[index] * up[index] * share * (1 + input[index] - value)
            }
        case .gatedGELU:
            for index in 0..<length {
                let (value, slope) = Self.gelu(input[index])
                upOut[index] = change[index] * value
                out[index] = change[index] * up[index] * slope
            }
        case .gatedSparseGELU(let deviations):
            flowBackSparsely(change, input, deviations, into: out)
        case .gatedClampedSiLU:
            for index in 0..<length {
                let gate = min(input[index], ClampedSwish.limit)
                let other = max(-ClampedSwish.limit, min(up[index], ClampedSwish.limit))
                let share = sigmoid(ClampedSwish.steepness * gate)
                let slope = share * (1 + ClampedSwish.steepness * gate * (1 - share))
                out[index] = input[index] < ClampedSwish.limit ? change[index] * slope * (other + 1) : 0
                upOut[index] = abs(up[index]) < ClampedSwish.limit ? change[index] * gate * share : 0
            }
        case .plainGELU:
            for index in 0..<length { out[index] = change[index] * Self.gelu(input[index]).slope }
        case .plainSquaredReLU:
            for index in 0..<length { out[index] = change[index] * 2 * max(0, input[index]) }
        case .plainXIELU(let unit):
            for index in 0..<length { out[index] = change[index] * unit.slope(at: input[index]) }
        }
    }

    /// For a gate g, max(0, g - least) is the input of GELU, and least is the mean plus so many standard deviations of
    /// g: its slope in g[j] is 1 / n + deviations (g[j] - mean) / ((n - 1) deviation).
    private func flowBackSparsely(
        _ change: UnsafePointer<Float>,
        _ input: UnsafePointer<Float>,
        _ deviations: Float,
        into out: UnsafeMutablePointer<Float>
    ) {
        let up = input + length
        let (mean, deviation) = DenseNetwork.spread(UnsafeBufferPointer(start: input, count: length))
        let least = mean + deviation * deviations
        var total = 0.0
        for index in 0..<length {
            let (value, slope) = Self.gelu(max(0, input[index] - least))
            out[length + index] = change[index] * value
            out[index] = input[index] > least ? change[index] * up[index] * slope : 0
            total += Double(out[index])
        }
        let (each, divisor) = (1 / Float(length), Float(max(1, length - 1)) * deviation)
        for index in 0..<length {
            let further = divisor > 0 ? deviations * (input[index] - mean) / divisor : 0
            out[index] -= Float(total) * (each + further)
        }
    }

    /// Returns GELU and its slope: x / 2 (1 + t), with t = tanh(u), u = sqrt(2 / pi) (x + 0.044715 x^3).
    static func gelu(_ x: Float) -> (value: Float, slope: Float) {
        if x <= -10 { return (0, 0) }
        if x >= 10 { return (x, 1) }
        let inner = 0.797884561 * x * (1 + 0.044715 * x * x)
        let bent = tanhf(inner)
        let steepness: Float = 0.797884561 * (1 + 3 * 0.044715 * x * x)
        return (x / 2 * (1 + bent), (1 + bent) / 2 + x / 2 * (1 - bent * bent) * steepness)
    }
}

extension XIELU {
    /// Returns the unit's slope.
    func slope(at x: Float) -> Float {
        guard x <= 0 else { return 2 * positive * x + slope }
        return ((x < distance ? expf(x) : 0) - 1) * negative + slope
    }
}
