#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The log-probabilities of one position in sixteen bits each: a linear scale from the smallest, at most 16 below the
/// largest, to the largest.
///
/// This is the format of llama-perplexity's base files. Comparisons without a file use it, too, so that both give the
/// same figures.
struct LogProbabilityRow: Sendable, Equatable {
    /// The log-probability of step 0, and the height of a step.
    let smallest: Float
    let scale: Float
    private(set) var steps: [UInt16]

    init(_ logits: UnsafeBufferPointer<Float>) {
        var (largest, lowest) = (logits[0], logits[0])
        for logit in logits {
            if logit > largest { largest = logit }
            if logit < lowest { lowest = logit }
        }
        lowest = max(lowest, largest - 16)
        var sum = 0.0
        for logit in logits { sum += Double(expf(logit - largest)) }
        let logSum = Float(log(sum))
        smallest = lowest - largest - logSum
        scale = (largest - lowest) / 65535
        let inverse = scale == 0 ? 0 : 1 / scale
        steps = logits.map { logit in
            guard logit > lowest else { return 0 }
            // The quotient is at most 65535 plus a rounding error; nearest, ties to even. It must be a number.
            let step = (inverse * (logit - lowest)).rounded(.toNearestOrEven)
            return step.isFinite ? UInt16(min(65535, step)) : 0
        }
    }

    /// - Parameter bytes: 4 + tokenCount sixteen-bit places, rounded up to an even count.
    init(reading bytes: UnsafeRawBufferPointer, tokenCount: Int) {
        precondition(bytes.count == Self.byteCount(tokenCount: tokenCount))
        scale = Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
        smallest = Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
        steps = (0..<tokenCount).map {
            UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 + 2 * $0, as: UInt16.self))
        }
    }

    func append(to bytes: inout [UInt8]) {
        for value in [scale, smallest] { withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 } }
        for step in steps { withUnsafeBytes(of: step.littleEndian) { bytes += $0 } }
        if !steps.count.isMultiple(of: 2) { bytes += [0, 0] }
    }

    static func byteCount(tokenCount: Int) -> Int { 2 * (2 * ((tokenCount + 1) / 2) + 4) }

    /// The log-probability of a token.
    subscript(token: Int) -> Float { scale * Float(steps[token]) + smallest }
}
