import Architectures
import Work

/// A feed-forward network, computed again with the numbers that its gradients need: the input and output of its unit.
///
/// With y = D m + b and m = unit(U x): dm = D^T dy, du = unit'(dm), dx = U^T du.
///
/// Letters: T tokens, E embedding length, F the network's length.
struct RecordedDense: RecordedPart {
    private let tools: GradientTools
    private let weights: DenseWeights
    private let x: TokenRows  // (T, E)
    private let given: TokenRows  // (T, F) or (T, 2 F)
    private let activated: TokenRows  // (T, F)

    init(_ tools: GradientTools, _ weights: DenseWeights, _ x: TokenRows) throws {
        (self.tools, self.weights, self.x) = (tools, weights, x)
        let (length, activation) = (weights.length, weights.activation)
        given = try tools.memory.rows(x.count, (activation.isGated ? 2 : 1) * length)
        activated = try tools.memory.rows(x.count, length)
        for projection in weights.gateUp { tools.multiply(x, by: projection, into: given) }
        tools.workers.forEach(x.count) { [given, activated, kernels = tools.kernels] token, _ in
            activated[token].update(from: given[token], count: length)
            let up = UnsafePointer(given[token] + length)
            DenseNetwork.activate(activated[token], up, count: length, activation, kernels)
        }
    }

    func give(into out: TokenRows) { tools.multiply(activated, by: weights.down, into: out) }

    func flowBack(_ gradient: TokenRows, to change: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let inner = try tools.memory.zeros(x.count, weights.length)
        tools.flowBack(gradient, through: weights.down, input: activated, to: inner)
        try flowBack(inner: inner, to: change)
    }

    /// Runs a network backward whose output is multiplied by a share for each token, as experts are.
    /// - Parameter gradient: with respect to the sum of shares; afterwards, to the network's output.
    /// - Returns: the gradient of each token's share, which is the product of the gradient with the network's output:
    ///   D^T dy . m + dy . b
    func flowBack(_ gradient: TokenRows, shares: [Float], to change: TokenRows) throws -> [Float] {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let inner = try tools.memory.zeros(x.count, weights.length)
        tools.add(gradient, through: weights.down, to: inner)
        let bias = weights.down.bias
        let products = (0..<x.count).map { token in
            let known = tools.kernels.dot(
                UnsafePointer(inner[token]),
                UnsafePointer(activated[token]),
                count: weights.length
            )
            return bias.isEmpty ? known : known + tools.kernels.dot(gradient[token], bias, count: bias.count)
        }
        for (token, share) in shares.enumerated() {
            gradient.tokens(token..<(token + 1)).multiply(by: share)
            inner.tokens(token..<(token + 1)).multiply(by: share)
        }
        tools.show(gradient, of: weights.down, input: activated)
        try flowBack(inner: inner, to: change)
        return products
    }

    /// - Parameter inner: the gradient with respect to the unit's output.
    private func flowBack(inner: TokenRows, to change: TokenRows) throws {
        let unit = ActivationGradient(activation: weights.activation, length: weights.length)
        let outer = try tools.memory.rows(x.count, given.width)
        tools.workers.forEach(x.count) { [given] token, _ in
            unit.flowBack(UnsafePointer(inner[token]), at: UnsafePointer(given[token]), into: outer[token])
        }
        for projection in weights.gateUp { tools.flowBack(outer, through: projection, input: x, to: change) }
    }
}
