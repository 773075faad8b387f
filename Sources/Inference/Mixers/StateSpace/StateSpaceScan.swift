import BlockFormats

/// One head's state S of a state space, and how a token changes it: S *= fade; S += x b^T; out = S c.
///
/// Rows of S are values' elements, so that each product reads a row without gaps.
struct StateSpaceScan {
    /// Rows of S.
    let headLength: Int
    /// Columns of S.
    let stateLength: Int
    let kernels: Kernels

    /// - Parameters:
    ///   - state: (D, N).
    ///   - write, read: (N), what the token adds and what it asks.
    ///   - value: (D).
    ///   - step: what the values are multiplied by.
    ///   - out: (D).
    func step(
        _ state: UnsafeMutablePointer<Float>,
        write: UnsafePointer<Float>,
        read: UnsafePointer<Float>,
        value: UnsafePointer<Float>,
        fade: Float,
        step: Float,
        into out: UnsafeMutablePointer<Float>
    ) {
        for row in 0..<headLength {
            let (own, scaled) = (state + row * stateLength, value[row] * step)
            for index in 0..<stateLength { own[index] = own[index] * fade + write[index] * scaled }
            out[row] = kernels.dot(UnsafePointer(own), read, count: stateLength)
        }
    }
}
