import BlockFormats
import Inference

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// How well a row of logits predicted the token that came.
struct TokenScore {
    /// Natural logarithm of one over the probability given to the token.
    let surprise: Double

    /// The sum of exponentials is in double precision, its terms and the logits in single.
    init(_ logits: UnsafeBufferPointer<Float>, target: Int32, kernels: Kernels) {
        let largest = kernels.max(logits)
        let sum = kernels.sumOfExponentials(logits, shift: largest)
        surprise = -(Double(logits[Int(target)] - largest) - log(sum))
    }
}
