import Architectures
import BlockFormats

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// One head's matrix M of a gated delta rule, and the change by a token: M *= fade; M += strength (v - M k) k^T; out =
/// M q / sqrt(D).
///
/// Rows of M are elements of values, so that each product reads a contiguous row.
struct GatedDeltaRule {
    let length: Int
    let kernels: Kernels
    private let scale: Float

    init(length: Int, kernels: Kernels) {
        (self.length, self.kernels) = (length, kernels)
        scale = 1 / Float(length).squareRoot()
    }

    /// - Parameters:
    ///   - matrix: (D, D).
    ///   - key, query: (D), of length one.
    ///   - out: (D).
    func step(
        _ matrix: UnsafeMutablePointer<Float>,
        query: UnsafePointer<Float>,
        key: UnsafePointer<Float>,
        value: UnsafePointer<Float>,
        fade: Float,
        strength: Float,
        into out: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<length {
            let own = matrix + row * length
            for index in 0..<length { own[index] *= fade }
            let delta = (value[row] - kernels.dot(UnsafePointer(own), key, count: length)) * strength
            for index in 0..<length { own[index] += key[index] * delta }
            out[row] = kernels.dot(UnsafePointer(own), query, count: length) * scale
        }
    }

    /// Returns ln(1 + e^x), which for large x is x.
    static func softplus(_ x: Float) -> Float { x > 20 ? x : logf(1 + expf(x)) }
}
