import Tensors

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// e^x of single-precision numbers, and functions of it, correctly rounded.
///
/// PyTorch's results depend on the machine and its libraries: a few in a hundred numbers differ in the last bit. Here
/// the same input gives the same bytes everywhere, and the reference's bytes wherever that rounds correctly.
enum Exponential {
    /// Replaces each x by -e^x.
    static func negate(_ numbers: UnsafeMutableBufferPointer<Float>, roundingToHalf: Bool) {
        change(numbers, roundingToHalf) { -exp($0) }
    }

    /// Replaces each x by ln(1 + e^x); above 20, PyTorch keeps x.
    static func soften(_ numbers: UnsafeMutableBufferPointer<Float>, roundingToHalf: Bool) {
        change(numbers, roundingToHalf) { $0 > 20 ? $0 : log1p(exp($0)) }
    }

    private static func change(
        _ numbers: UnsafeMutableBufferPointer<Float>,
        _ roundingToHalf: Bool,
        _ function: (Double) -> Double
    ) {
        for index in numbers.indices {
            let value = Float(function(Double(numbers[index])))
            numbers[index] = roundingToHalf ? HalfFloat.decode(HalfFloat.encode(value)) : value
        }
    }
}
