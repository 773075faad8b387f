import Tensors

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// e^x of single-precision numbers and what is made of it, correctly rounded.
///
/// What PyTorch computes depends on the machine and its libraries: some of a hundred numbers differ by their last bit. The
/// same input gives the same bytes everywhere here, and those that the reference gives wherever it rounds correctly.
enum Exponential {
    /// Each x becomes -e^x.
    static func negate(_ numbers: UnsafeMutableBufferPointer<Float>, roundingToHalf: Bool) {
        change(numbers, roundingToHalf) { -exp($0) }
    }

    /// Each x becomes ln(1 + e^x); above 20, PyTorch leaves it.
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
