import BlockFormats
import CKernels

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The number of columns of a weight panel, the unit in which rows are passed to `multiply`.
package let panelWidth = Int(EK_PANEL)

/// A matrix in memory: its start, and the distance between its rows, in numbers.
package struct Rows<Pointer> {
    package let start: Pointer
    package let stride: Int

    package init(start: Pointer, stride: Int) {
        self.start = start
        self.stride = stride
    }
}

extension Kernels {
    /// out[t][r] = sum over k of x[t][k] * weights[r][k], for up to `panelWidth` rows of weights.
    package func multiply(
        tokens: Int,
        depth: Int,
        _ x: Rows<UnsafePointer<Float>>,
        weights: Rows<UnsafePointer<Float>>,
        count: Int,
        into out: Rows<UnsafeMutablePointer<Float>>
    ) {
        precondition(count <= panelWidth)
        guard let variant else {
            SwiftKernels.multiply(tokens: tokens, depth: depth, x, count: count, into: out) { k, r in
                weights.start[r * weights.stride + k]
            }
            return
        }
        ek_multiply_rows(
            variant,
            Int64(tokens),
            Int64(depth),
            x.start,
            Int64(x.stride),
            weights.start,
            Int64(weights.stride),
            Int64(count),
            out.start,
            Int64(out.stride)
        )
    }

    /// out[t][c] = sum over k of x[t][k] * panel[k][c], for up to `panelWidth` columns. Each row of the panel must have
    /// `panelWidth` readable numbers.
    package func multiply(
        tokens: Int,
        depth: Int,
        _ x: Rows<UnsafePointer<Float>>,
        panel: Rows<UnsafePointer<Float>>,
        columns: Int,
        into out: Rows<UnsafeMutablePointer<Float>>
    ) {
        precondition(columns <= panelWidth)
        guard let variant else {
            SwiftKernels.multiply(tokens: tokens, depth: depth, x, count: columns, into: out) { k, c in
                panel.start[k * panel.stride + c]
            }
            return
        }
        ek_multiply_panel(
            variant,
            Int64(tokens),
            Int64(depth),
            x.start,
            Int64(x.stride),
            panel.start,
            Int64(panel.stride),
            Int64(columns),
            out.start,
            Int64(out.stride)
        )
    }

    package func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
        guard let variant else { return SwiftKernels.dot(a, b, count: count) }
        return ek_dot(variant, a, b, Int64(count))
    }

    /// Returns the largest of at least one number.
    package func max(_ x: UnsafeBufferPointer<Float>) -> Float {
        guard let base = x.baseAddress else { preconditionFailure("the largest of no numbers") }
        guard let variant else { return SwiftKernels.max(x) }
        return ek_max(variant, base, Int64(x.count))
    }

    /// Returns the sum of exp(x - shift).
    package func sumOfExponentials(_ x: UnsafeBufferPointer<Float>, shift: Float) -> Double {
        guard let base = x.baseAddress else { return 0 }
        guard let variant else { return SwiftKernels.sumOfExponentials(x, shift: shift) }
        return ek_sum_exp(variant, base, Int64(x.count), shift)
    }

    /// x = exp(scale * (x - shift)); returns the sum of the results.
    package func exponentiate(_ x: UnsafeMutableBufferPointer<Float>, shift: Float, scale: Float) -> Double {
        guard let base = x.baseAddress else { return 0 }
        guard let variant else { return SwiftKernels.exponentiate(x, shift: shift, scale: scale) }
        return ek_exp_in_place(variant, base, Int64(x.count), shift, scale)
    }

    /// gate = gate / (1 + exp(-gate)) * up
    package func swiglu(_ gate: UnsafeMutablePointer<Float>, _ up: UnsafePointer<Float>, count: Int) {
        guard let variant else { return SwiftKernels.swiglu(gate, up, count: count) }
        ek_swiglu(variant, gate, up, Int64(count))
    }

    /// x = h / (1 + exp(-2 u)) * factor, with u = sqrt(2 / pi) * (h + 0.044715 h^3): GELU by its usual approximation
    /// with a hyperbolic tangent (Hendrycks and Gimpel, 2016). Between -10 and 10, argument and result are rounded to
    /// half precision, as in the reference's table.
    package func gelu(_ x: UnsafeMutablePointer<Float>, times factors: UnsafePointer<Float>?, count: Int) {
        guard let variant else { return SwiftKernels.gelu(x, times: factors, count: count) }
        ek_gelu(variant, x, factors, Int64(count))
    }

    /// x = cap * tanh(scale * x / cap)
    package func softCap(_ x: UnsafeMutableBufferPointer<Float>, scale: Float, cap: Float) {
        guard let base = x.baseAddress else { return }
        guard let variant else { return SwiftKernels.softCap(x, scale: scale, cap: cap) }
        ek_soft_cap(variant, base, Int64(x.count), scale, cap)
    }
}

/// Returns 1 / (1 + exp(-x)).
func sigmoid(_ x: Float) -> Float { 1 / (1 + expf(-x)) }
