import BlockFormats
import Inference

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// How well a row of logits predicted the actual token.
struct TokenScore {
    /// The natural logarithm of one over the probability of the token.
    let surprise: Double

    /// Computes the sum of exponentials in double precision, its terms and the logits in single.
    init(_ logits: UnsafeBufferPointer<Float>, target: Int32, kernels: Kernels) {
        let largest = kernels.max(logits)
        let sum = kernels.sumOfExponentials(logits, shift: largest)
        surprise = -(Double(logits[Int(target)] - largest) - log(sum))
    }
}
