import BlockFormats

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Processes some tokens of one head at once, by products of matrices: the outputs from the state before them, the
/// outputs from each other, and the state after them.
///
/// Source: Dao and Gu, "Transformers are SSMs", 2024, section 6.
///
/// Letters: Q tokens of a chunk, D head length, N state length.
struct StateSpaceChunk {
    /// The largest Q.
    static let length = 64

    let headLength: Int
    let stateLength: Int
    let kernels: Kernels

    /// A thread's scratch memory for one chunk.
    struct Scratch {
        let shares: FloatBuffer  // (Q, Q)
        let turned: FloatBuffer  // (D, Q)
        let sums: FloatBuffer  // (the larger of Q and D, panel's width)

        init(headLength: Int) throws(InferenceProblem) {
            let length = StateSpaceChunk.length
            shares = try FloatBuffer(count: length * length, purpose: "scratch memory")
            turned = try FloatBuffer(count: headLength * length, purpose: "scratch memory")
            sums = try FloatBuffer(count: max(length, headLength) * panelWidth, purpose: "scratch memory")
        }
    }

    /// products[t][s] = read[t] . write[s]: (Q, Q) at a stride of `length`; the same for all heads of a group.
    func multiply(
        _ count: Int,
        write: Rows<UnsafePointer<Float>>,
        read: Rows<UnsafePointer<Float>>,
        into products: UnsafeMutablePointer<Float>
    ) {
        for first in stride(from: 0, to: count, by: panelWidth) {
            kernels.multiply(
                tokens: count,
                depth: stateLength,
                read,
                weights: Rows(start: write.start + first * write.stride, stride: write.stride),
                count: min(panelWidth, count - first),
                into: Rows(start: products + first, stride: Self.length)
            )
        }
    }

    /// - Parameters:
    ///   - state: (D, N), before the chunk; afterwards, after the chunk.
    ///   - products: of the chunk's group.
    ///   - steps: time steps, one for each of the chunk's tokens.
    ///   - decay: the factor that converts a time step to the logarithm of the remaining share.
    ///   - out: (Q, D).
    func run(
        _ state: UnsafeMutablePointer<Float>,
        products: UnsafePointer<Float>,
        write: Rows<UnsafePointer<Float>>,
        read: Rows<UnsafePointer<Float>>,
        values: Rows<UnsafePointer<Float>>,
        steps: [Float],
        decay: Float,
        scratch: Scratch,
        into out: Rows<UnsafeMutablePointer<Float>>
    ) {
        let count = steps.count
        var (total, logarithms) = (0.0, [Double]())
        for step in steps {
            total += Double(step * decay)
            logarithms.append(total)
        }
        answerFromState(state, read, logarithms, out)
        let shares = scratch.shares.start
        for token in 0..<count {
            let row = shares + token * Self.length
            for other in 0...token { row[other] = Float(logarithms[token] - logarithms[other]) }
            _ = kernels.exponentiate(UnsafeMutableBufferPointer(start: row, count: token + 1), shift: 0, scale: 1)
            let known = products + token * Self.length
            for other in 0...token { row[other] *= known[other] * steps[other] }
            for other in (token + 1)..<max(token + 1, count) { row[other] = 0 }
        }
        let known = Rows(start: UnsafePointer(shares), stride: Self.length)
        add(known, count, depth: count, values, columns: headLength, scratch.sums.start, to: out)
        // The remaining part of each value after the chunk, by elements.
        for token in 0..<count {
            let factor = expf(Float(total - logarithms[token])) * steps[token]
            let own = values.start + token * values.stride
            for index in 0..<headLength { scratch.turned.start[index * Self.length + token] = own[index] * factor }
        }
        let left = expf(Float(total))
        for index in 0..<(headLength * stateLength) { state[index] *= left }
        let turned = Rows(start: UnsafePointer(scratch.turned.start), stride: Self.length)
        let target = Rows(start: state, stride: stateLength)
        add(turned, headLength, depth: count, write, columns: stateLength, scratch.sums.start, to: target)
    }

    /// out[t][d] = the remaining part of the state before the chunk, read by token t.
    private func answerFromState(
        _ state: UnsafeMutablePointer<Float>,
        _ read: Rows<UnsafePointer<Float>>,
        _ logarithms: [Double],
        _ out: Rows<UnsafeMutablePointer<Float>>
    ) {
        for first in stride(from: 0, to: headLength, by: panelWidth) {
            kernels.multiply(
                tokens: logarithms.count,
                depth: stateLength,
                read,
                weights: Rows(start: UnsafePointer(state + first * stateLength), stride: stateLength),
                count: min(panelWidth, headLength - first),
                into: Rows(start: out.start + first, stride: out.stride)
            )
        }
        for (token, logarithm) in logarithms.enumerated() {
            let (row, left) = (out.start + token * out.stride, expf(Float(logarithm)))
            for index in 0..<headLength { row[index] *= left }
        }
    }

    /// target += x panel
    private func add(
        _ x: Rows<UnsafePointer<Float>>,
        _ count: Int,
        depth: Int,
        _ panel: Rows<UnsafePointer<Float>>,
        columns: Int,
        _ sums: UnsafeMutablePointer<Float>,
        to target: Rows<UnsafeMutablePointer<Float>>
    ) {
        for first in stride(from: 0, to: columns, by: panelWidth) {
            let width = min(panelWidth, columns - first)
            kernels.multiply(
                tokens: count,
                depth: depth,
                x,
                panel: Rows(start: panel.start + first, stride: panel.stride),
                columns: width,
                into: Rows(start: sums, stride: panelWidth)
            )
            for row in 0..<count {
                let (place, own) = (target.start + row * target.stride + first, sums + row * panelWidth)
                for index in 0..<width { place[index] += own[index] }
            }
        }
    }
}
