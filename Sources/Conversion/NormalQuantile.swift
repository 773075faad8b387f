#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The quantile function of the normal distribution.
enum NormalQuantile {
    /// The number of standard deviations below which a fraction of the distribution lies, with PyTorch's steps and
    /// roundings: sqrt(2) erfinv(2 share - 1).
    static func value(at share: Float) -> Float {
        let y = 2 * share - 1
        if y.magnitude >= 1 { return y.magnitude > 1 ? .nan : y * .infinity }
        // Newton's method from an approximation by Winitzki, "A handy approximation for the error function", 2008.
        let target = Double(y)
        let (logarithm, constant) = (log(1 - target * target), 2 / (Double.pi * 0.147))
        let half = constant + logarithm / 2
        var x = ((half * half - logarithm / 0.147).squareRoot() - half).squareRoot() * (target < 0 ? -1 : 1)
        for _ in 0..<4 { x -= (erf(x) - target) / (2 / Double.pi.squareRoot() * exp(-x * x)) }
        return Float(x) * Float(2).squareRoot()
    }
}
