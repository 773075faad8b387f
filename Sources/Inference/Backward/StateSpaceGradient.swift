import Architectures
import BlockFormats

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// One head's state S of a state space over a window, and its gradients. With value x, write vector b, read vector c,
/// time step s and fading f = exp(s a) of a token,
///
///     S' = f S + s x b^T,   out = S' c.
///
/// Backward, from the last token, with dS' of all later ones: dS' += dout c^T, dc = S'^T dout, db = s dS'^T x, dx = s
/// dS' b, ds = x . dS' b + f a (dS' . S), dS = f dS'.
///
/// The state at the beginning of each chunk is kept, and those within a chunk are computed again. Rows of S are
/// elements of values.
///
/// Letters: T tokens of the window, D head length, N state length.
struct StateSpaceGradient {
    let headLength: Int
    let stateLength: Int
    /// The decay a.
    let decay: Float
    let kernels: Kernels

    /// The number of tokens whose states are in memory at once.
    private static let chunk = 32

    /// The inputs of one token, or their gradients.
    struct Token {
        let write: UnsafeMutablePointer<Float>
        let read: UnsafeMutablePointer<Float>
        let value: UnsafeMutablePointer<Float>
        let step: UnsafeMutablePointer<Float>
    }

    /// Returns how many numbers of scratch memory `flowBack` needs.
    static func room(tokens: Int, headLength: Int, stateLength: Int) -> Int {
        ((tokens + chunk - 1) / chunk + chunk + 3) * headLength * stateLength + headLength
    }

    /// - Parameters:
    ///   - token: the inputs of a token.
    ///   - gradient: with respect to the head's output for a token: (D).
    ///   - change: receives the gradients of the inputs.
    ///   - room: `room(tokens:headLength:stateLength:)` numbers.
    func flowBack(
        _ count: Int,
        room: UnsafeMutablePointer<Float>,
        token: (Int) -> Token,
        gradient: (Int) -> UnsafePointer<Float>,
        change: (Int) -> Token
    ) {
        let size = headLength * stateLength
        let chunks = (count + Self.chunk - 1) / Self.chunk
        let (starts, states) = (room, room + chunks * size)
        let state = states + (Self.chunk + 1) * size
        let (changes, answer) = (state + size, state + 2 * size)
        state.update(repeating: 0, count: size)
        for index in 0..<count {
            if index % Self.chunk == 0 { (starts + index / Self.chunk * size).update(from: state, count: size) }
            advance(state, token(index), into: answer)
        }
        changes.update(repeating: 0, count: size)
        for chunk in (0..<chunks).reversed() {
            let tokens = (chunk * Self.chunk)..<min((chunk + 1) * Self.chunk, count)
            state.update(from: starts + chunk * size, count: size)
            for (place, index) in tokens.enumerated() {
                (states + place * size).update(from: state, count: size)
                advance(state, token(index), into: answer)
            }
            (states + tokens.count * size).update(from: state, count: size)
            for (place, index) in tokens.enumerated().reversed() {
                let (before, after) = (states + place * size, states + (place + 1) * size)
                flowBack(token(index), gradient(index), before, after, changes, into: change(index))
            }
        }
    }

    /// Runs one token forward.
    func advance(
        _ state: UnsafeMutablePointer<Float>,
        _ own: Token,
        into out: UnsafeMutablePointer<Float>
    ) {
        StateSpaceScan(headLength: headLength, stateLength: stateLength, kernels: kernels).step(
            state,
            write: UnsafePointer(own.write),
            read: UnsafePointer(own.read),
            value: UnsafePointer(own.value),
            fade: expf(own.step[0] * decay),
            step: own.step[0],
            into: out
        )
    }

    /// Runs one token backward.
    private func flowBack(
        _ own: Token,
        _ gradient: UnsafePointer<Float>,
        _ before: UnsafePointer<Float>,
        _ after: UnsafePointer<Float>,
        _ changes: UnsafeMutablePointer<Float>,
        into out: Token
    ) {
        let step = own.step[0]
        let fade = expf(step * decay)
        for index in 0..<stateLength { (out.write[index], out.read[index]) = (0, 0) }
        var stepChange = 0.0
        for row in 0..<headLength {
            let (old, new) = (before + row * stateLength, after + row * stateLength)
            let change = changes + row * stateLength
            let (asked, scaled) = (gradient[row], step * own.value[row])
            for index in 0..<stateLength {
                change[index] += asked * own.read[index]
                out.read[index] += asked * new[index]
                out.write[index] += scaled * change[index]
            }
            let written = kernels.dot(UnsafePointer(change), UnsafePointer(own.write), count: stateLength)
            let left = kernels.dot(UnsafePointer(change), old, count: stateLength)
            out.value[row] = step * written
            stepChange += Double(own.value[row] * written + fade * decay * left)
            for index in 0..<stateLength { change[index] *= fade }
        }
        out.step[0] = Float(stepChange)
    }
}
