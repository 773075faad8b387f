import Architectures
import BlockFormats

/// One head's matrix M of a gated delta rule over a window, and its gradients. With query q, key k and value v of a
/// token, fading f and strength b,
///
///     N = f M,   d = b (v - N k),   M' = N + d k^T,   out = M' q / sqrt(D).
///
/// Backward, from the last token, with dM' of all later ones: dM' += dout q^T / sqrt(D), dq = M'^T dout / sqrt(D), dd =
/// dM' k, dk = dM'^T d - b N^T dd, dv = b dd, db = dd . (v - N k), dN = dM' - b dd k^T, df = dN . M, dM = f dN.
///
/// The matrix at the beginning of each chunk is kept, and those within a chunk are computed again. Rows of M are
/// elements of values.
///
/// Letters: T tokens of the window, D head length.
struct GatedDeltaGradient {
    let length: Int
    let kernels: Kernels

    /// The number of tokens whose matrices are in memory at once.
    private static let chunk = 32

    /// The inputs of one token, or their gradients.
    struct Token {
        let query: UnsafeMutablePointer<Float>
        let key: UnsafeMutablePointer<Float>
        let value: UnsafeMutablePointer<Float>
        let fade: UnsafeMutablePointer<Float>
        let strength: UnsafeMutablePointer<Float>
    }

    /// Returns how many numbers of scratch memory `flowBack` needs.
    static func room(tokens: Int, length: Int) -> Int {
        ((tokens + chunk - 1) / chunk + chunk + 4) * length * length + 2 * length
    }

    /// - Parameters:
    ///   - token: the inputs of a token.
    ///   - change: receives their gradients.
    ///   - gradient: with respect to the head's output for a token: (D).
    ///   - room: `room(tokens:length:)` numbers.
    func flowBack(
        _ count: Int,
        room: UnsafeMutablePointer<Float>,
        token: (Int) -> Token,
        gradient: (Int) -> UnsafePointer<Float>,
        change: (Int) -> Token
    ) {
        let square = length * length
        let chunks = (count + Self.chunk - 1) / Self.chunk
        let (starts, states) = (room, room + chunks * square)
        let matrix = states + (Self.chunk + 1) * square
        let (faded, changes, parts) = (matrix + square, matrix + 2 * square, matrix + 3 * square)
        let rule = GatedDeltaRule(length: length, kernels: kernels)
        func step(_ own: Token) {
            rule.step(
                matrix,
                query: UnsafePointer(own.query),
                key: UnsafePointer(own.key),
                value: UnsafePointer(own.value),
                fade: own.fade[0],
                strength: own.strength[0],
                into: parts
            )
        }
        matrix.update(repeating: 0, count: square)
        for index in 0..<count {
            if index % Self.chunk == 0 { (starts + index / Self.chunk * square).update(from: matrix, count: square) }
            step(token(index))
        }
        changes.update(repeating: 0, count: square)
        for chunk in (0..<chunks).reversed() {
            let tokens = (chunk * Self.chunk)..<min((chunk + 1) * Self.chunk, count)
            matrix.update(from: starts + chunk * square, count: square)
            for (place, index) in tokens.enumerated() {
                (states + place * square).update(from: matrix, count: square)
                step(token(index))
            }
            (states + tokens.count * square).update(from: matrix, count: square)
            for (place, index) in tokens.enumerated().reversed() {
                let (before, after) = (states + place * square, states + (place + 1) * square)
                flowBack(token(index), gradient(index), before, after, faded, changes, parts, into: change(index))
            }
        }
    }

    /// Runs one token backward.
    private func flowBack(
        _ own: Token,
        _ gradient: UnsafePointer<Float>,
        _ before: UnsafePointer<Float>,
        _ after: UnsafePointer<Float>,
        _ faded: UnsafeMutablePointer<Float>,
        _ changes: UnsafeMutablePointer<Float>,
        _ parts: UnsafeMutablePointer<Float>,
        into out: Token
    ) {
        let (scale, fade, strength) = (1 / Float(length).squareRoot(), own.fade[0], own.strength[0])
        for index in 0..<length { (out.query[index], out.key[index]) = (0, 0) }
        var (fadeChange, strengthChange) = (0.0, 0.0)
        for row in 0..<length {
            let (old, new) = (before + row * length, after + row * length)
            let (matrix, change) = (faded + row * length, changes + row * length)
            let asked = gradient[row] * scale
            for index in 0..<length {
                change[index] += asked * own.query[index]
                out.query[index] += asked * new[index]
                matrix[index] = fade * old[index]
            }
            let rest = own.value[row] - kernels.dot(UnsafePointer(matrix), UnsafePointer(own.key), count: length)
            let inner = kernels.dot(UnsafePointer(change), UnsafePointer(own.key), count: length)
            out.value[row] = strength * inner
            strengthChange += Double(inner * rest)
            let (delta, back) = (strength * rest, strength * inner)
            for index in 0..<length {
                out.key[index] += delta * change[index] - back * matrix[index]
                change[index] -= back * own.key[index]
            }
            fadeChange += Double(kernels.dot(UnsafePointer(change), old, count: length))
            for index in 0..<length { change[index] *= fade }
        }
        (out.fade[0], out.strength[0]) = (Float(fadeChange), Float(strengthChange))
    }
}
