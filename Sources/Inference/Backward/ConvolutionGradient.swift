import BlockFormats
import Work

/// A causal convolution over the last few tokens, separate for each channel and followed by a SiLU, and its gradients.
/// With factors f of L taps, the oldest first, s[t] = bias + sum over j of f[j] x[t - L + 1 + j] and y = silu(s),
///
///     ds = dy silu'(s),   dx[t] = sum over j of f[j] ds[t + L - 1 - j].
///
/// Letters: T tokens of the window, C channels.
struct ConvolutionGradient: Sendable {
    /// (L, C).
    let kernel: [Float]
    /// (C), or empty for none.
    let bias: [Float]
    let workers: Workers
    let kernels: Kernels

    /// - Parameters:
    ///   - sums: s, needed for gradients.
    ///   - out: y. All three are (T, C).
    func run(_ x: TokenRows, sums: TokenRows, into out: TokenRows) {
        let (channels, taps) = (x.width, kernel.count / x.width)
        workers.forEach(x.count) { token, _ in
            let row = sums[token]
            for channel in 0..<channels { row[channel] = bias.isEmpty ? 0 : bias[channel] }
            kernel.withUnsafeBufferPointer { kernel in
                for tap in max(0, taps - 1 - token)..<taps {
                    let source = x[token - taps + 1 + tap]
                    for channel in 0..<channels { row[channel] += source[channel] * kernel[tap * channels + channel] }
                }
            }
            let result = out[token]
            for channel in 0..<channels { result[channel] = row[channel] * sigmoid(row[channel]) }
        }
    }

    /// - Parameters:
    ///   - gradient: dy; afterwards ds.
    ///   - change: dx.
    func flowBack(_ gradient: TokenRows, sums: TokenRows, into change: TokenRows) {
        let (channels, taps) = (gradient.width, kernel.count / gradient.width)
        workers.forEach(gradient.count) { token, _ in
            let (row, known) = (gradient[token], sums[token])
            for channel in 0..<channels {
                let share = sigmoid(known[channel])
                row[channel] *= share * (1 + known[channel] * (1 - share))
            }
        }
        workers.forEach(gradient.count) { token, _ in
            let row = change[token]
            row.update(repeating: 0, count: channels)
            kernel.withUnsafeBufferPointer { kernel in
                for tap in max(0, taps - gradient.count + token)..<taps {
                    let source = gradient[token + taps - 1 - tap]
                    for channel in 0..<channels { row[channel] += source[channel] * kernel[tap * channels + channel] }
                }
            }
        }
    }
}
