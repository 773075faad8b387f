import BlockFormats

/// One head's state S of a state space, and the change by a token: S *= fade; S += x b^T; out = S c.
///
/// Rows of S are elements of values, so that each product reads a contiguous row.
struct StateSpaceScan {
    /// The number of rows of S.
    let headLength: Int
    /// The number of columns of S.
    let stateLength: Int
    let kernels: Kernels

    /// - Parameters:
    ///   - state: (D, N).
    ///   - write, read: (N), the token's write and read vectors.
    ///   - value: (D).
    ///   - step: the factor of the values.
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
