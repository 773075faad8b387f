import Tensors

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// e^x of single-precision numbers, correctly rounded.
///
/// What PyTorch computes depends on the machine and its libraries: some of a hundred numbers differ by their last bit. The
/// same input gives the same bytes everywhere here, and those that the reference gives wherever it rounds correctly.
enum Exponential {
    /// Each x becomes -e^x.
    static func negate(_ numbers: UnsafeMutableBufferPointer<Float>, roundingToHalf: Bool) {
        for index in numbers.indices {
            let value = -Float(exp(Double(numbers[index])))
            numbers[index] = roundingToHalf ? HalfFloat.decode(HalfFloat.encode(value)) : value
        }
    }
}
