import Architectures
import Work

/// A short convolution as a layer's mixer, computed again with the numbers that its gradients need: out(c *
/// convolution(b * x)); b, c and x are products with one matrix.
///
/// With y = c s, s[t] = sum over j of f[j] g[t - L + 1 + j] and g = b x: dc = dy s, ds = dy c, dg[t] = sum over j of
/// f[j] ds[t + L - 1 - j], db = dg x, dx = dg b.
///
/// Letters: T tokens of the window, E embedding length, L tokens that the convolution sees.
struct RecordedShortConvolution: RecordedPart {
    private let tools: GradientTools
    private let weights: ShortConvolutionWeights
    private let shape: ShortConvolutionShape
    private let x: TokenRows  // (T, E)
    private let mixed: TokenRows  // (T, 3 E): b, c and x
    private let summed: TokenRows  // (T, E): s
    private let gated: TokenRows  // (T, E): the output matrix's input

    init(
        _ tools: GradientTools,
        _ weights: ShortConvolutionWeights,
        _ shape: ShortConvolutionShape,
        _ x: TokenRows
    ) throws {
        (self.tools, self.weights, self.shape, self.x) = (tools, weights, shape, x)
        let width = shape.width
        mixed = try tools.memory.rows(x.count, 3 * width)
        summed = try tools.memory.rows(x.count, width)
        gated = try tools.memory.rows(x.count, width)
        tools.multiply(x, by: weights.input, into: mixed)
        tools.workers.forEach(x.count) { [self] token, _ in
            let (row, out, gate) = (summed[token], gated[token], mixed[token] + width)
            row.update(repeating: 0, count: width)
            for (tap, source) in sources(of: token) {
                let (own, other) = (mixed[source], mixed[source] + 2 * width)
                for index in 0..<width {
                    row[index] += own[index] * other[index] * weights.kernel[index * shape.length + tap]
                }
            }
            for index in 0..<width { out[index] = gate[index] * row[index] }
        }
    }

    func give(into out: TokenRows) { tools.multiply(gated, by: weights.output, into: out) }

    func flowBack(_ gradient: TokenRows, to change: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let width = shape.width
        let own = try tools.memory.zeros(x.count, width)
        tools.flowBack(gradient, through: weights.output, input: gated, to: own)
        let changes = try tools.memory.rows(x.count, 3 * width)
        tools.workers.forEach(x.count) { [mixed, summed] token, _ in
            let (row, out, gate) = (own[token], changes[token] + width, mixed[token] + width)
            for index in 0..<width {
                out[index] = row[index] * summed[token][index]
                row[index] *= gate[index]
            }
        }
        tools.workers.forEach(x.count) { [self] token, _ in
            let (first, last) = (changes[token], changes[token] + 2 * width)
            first.update(repeating: 0, count: width)
            for tap in 0..<shape.length where token + shape.length - 1 - tap < x.count {
                let source = own[token + shape.length - 1 - tap]
                for index in 0..<width { first[index] += source[index] * weights.kernel[index * shape.length + tap] }
            }
            let (known, other) = (mixed[token], mixed[token] + 2 * width)
            for index in 0..<width {
                last[index] = first[index] * known[index]
                first[index] *= other[index]
            }
        }
        tools.flowBack(changes, through: weights.input, input: x, to: change)
    }

    /// Returns the tokens that a token's convolution reads, with their taps.
    private func sources(of token: Int) -> [(tap: Int, token: Int)] {
        (0..<shape.length).map { ($0, token - shape.length + 1 + $0) }.filter { $0.1 >= 0 }
    }
}
