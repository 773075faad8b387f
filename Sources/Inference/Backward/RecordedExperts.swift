import Architectures

/// A mixture of experts, computed again with the numbers that its gradients need: the router's choice, and each expert
/// with its tokens.
///
/// With y = sum over the chosen e of w_e f_e(x), an expert's gradient is w_e dy, and dw_e = dy . f_e(x) continues
/// through the weights into the router. A shared expert's share is the sigmoid of its own gate, or one.
///
/// Letters: T tokens of the window, E embedding length, N experts.
struct RecordedExperts: RecordedPart {
    private let tools: GradientTools
    private let weights: ExpertWeights
    private let shape: ExpertShape
    private let x: TokenRows  // (T, E), the experts' input
    private let routed: TokenRows  // (T, E), the router's input
    private let gates: TokenRows  // (T, N): the router's scores, or the gates
    private let found: [ExpertChoice.Found]
    private let experts: [Expert]
    private let shared: Expert?

    /// A network with its tokens.
    private struct Expert {
        let tokens: [Int]
        /// The factor of its output for each of them.
        let shares: [Float]
        let input: TokenRows
        let network: RecordedDense
    }

    /// - Parameter routed: the router's input; nil for that of the experts.
    init(
        _ tools: GradientTools,
        _ weights: ExpertWeights,
        _ shape: ExpertShape,
        _ x: TokenRows,
        routed: TokenRows? = nil
    ) throws {
        (self.tools, self.weights, self.shape, self.x, self.routed) = (tools, weights, shape, x, routed ?? x)
        gates = try tools.memory.rows(x.count, shape.count)
        tools.multiply(self.routed, by: weights.router, into: gates)
        let choice = ExpertChoice(shape, weights, tools.kernels)
        found = (0..<x.count).map { [gates] token in
            choice.choose(UnsafeMutableBufferPointer(start: gates[token], count: shape.count))
        }
        var tokens = [[Int]](repeating: [], count: shape.count)
        var shares = [[Float]](repeating: [], count: shape.count)
        for (token, found) in found.enumerated() {
            for (expert, weight) in zip(found.experts, found.weights) {
                tokens[expert].append(token)
                shares[expert].append(weight)
            }
        }
        experts = try weights.experts.indices.map { index in
            let input = try tools.memory.rows(tokens[index].count, x.width)
            for (place, token) in tokens[index].enumerated() { input[place].update(from: x[token], count: x.width) }
            let network = try RecordedDense(tools, weights.experts[index], input)
            return Expert(tokens: tokens[index], shares: shares[index], input: input, network: network)
        }
        shared = try weights.shared.map { network in
            let shares = try Self.shares(tools, weights.sharedGate, x)
            let record = try RecordedDense(tools, network, x)
            return Expert(tokens: Array(0..<x.count), shares: shares, input: x, network: record)
        }
    }

    /// Returns the factor of the shared expert for each token.
    private static func shares(_ tools: GradientTools, _ gate: Projection?, _ x: TokenRows) throws -> [Float] {
        guard let gate else { return Array(repeating: 1, count: x.count) }
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let scores = try tools.memory.rows(x.count, 1)
        tools.multiply(x, by: gate, into: scores)
        return (0..<x.count).map { sigmoid(scores[$0][0]) }
    }

    func give(into out: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        out.clear()
        let results = try tools.memory.rows(x.count, x.width)
        for expert in experts + (shared.map { [$0] } ?? []) where !expert.tokens.isEmpty {
            let own = results.tokens(0..<expert.tokens.count)
            expert.network.give(into: own)
            for (place, token) in expert.tokens.enumerated() {
                out.tokens(token..<(token + 1)).add(own.tokens(place..<(place + 1)), times: expert.shares[place])
            }
        }
    }

    func flowBack(_ gradient: TokenRows, to change: TokenRows) throws {
        try flowBack(gradient, to: change, routed: change)
    }

    /// - Parameter routed: receives the gradient of the router's input.
    func flowBack(_ gradient: TokenRows, to change: TokenRows, routed: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        // The gradient of each expert's weight for each token.
        let weightChanges = try tools.memory.zeros(x.count, shape.count)
        for (index, expert) in experts.enumerated() where !expert.tokens.isEmpty {
            let products = try flowBack(gradient, through: expert, to: change)
            for (place, token) in expert.tokens.enumerated() { weightChanges[token][index] = products[place] }
        }
        if let shared {
            let products = try flowBack(gradient, through: shared, to: change)
            if let gate = weights.sharedGate {
                let own = try tools.memory.rows(x.count, 1)
                for (token, share) in shared.shares.enumerated() {
                    own[token][0] = products[token] * share * (1 - share)
                }
                tools.flowBack(own, through: gate, input: x, to: change)
            }
        }
        let scores = try tools.memory.zeros(x.count, shape.count)
        for token in 0..<x.count { route(token, weightChanges[token], into: scores[token]) }
        tools.flowBack(scores, through: weights.router, input: self.routed, to: routed)
    }

    /// - Returns: the gradient of the share of each of the expert's tokens.
    private func flowBack(_ gradient: TokenRows, through expert: Expert, to change: TokenRows) throws -> [Float] {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let own = try tools.memory.rows(expert.tokens.count, gradient.width)
        for (place, token) in expert.tokens.enumerated() {
            own[place].update(from: gradient[token], count: gradient.width)
        }
        let changes = try tools.memory.zeros(expert.tokens.count, x.width)
        let products = try expert.network.flowBack(own, shares: expert.shares, to: changes)
        for (place, token) in expert.tokens.enumerated() {
            change.tokens(token..<(token + 1)).add(changes.tokens(place..<(place + 1)))
        }
        return products
    }

    /// Converts the gradients of one token's weights w to those of the router's scores z. With gates g, w = scale g /
    /// sum(g) if weights sum to one, so that dg = (scale dw - sum of scale dw g / sum(g)) / sum(g). A softmax gives dz
    /// = g (dg - sum of dg g), a sigmoid dz = dg g (1 - g).
    private func route(_ token: Int, _ changes: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>) {
        let found = found[token]
        let choice = ExpertChoice(shape, weights, tools.kernels)
        var own = found.experts.map { changes[$0] * choice.scale(of: $0) / found.divisor }
        let isDivided = shape.normalizesWeights && found.divisor > ExpertChoice.leastSum
        if isDivided {
            let mean = zip(own, found.gates).reduce(0) { $0 + $1.0 * $1.1 } / found.divisor
            for index in own.indices { own[index] -= mean }
        }
        let level = shape.gating == .sigmoid ? 0 : zip(own, found.gates).reduce(0) { $0 + $1.0 * $1.1 }
        switch shape.gating {
        case .softmax:
            for expert in 0..<shape.count { out[expert] = -gates[token][expert] * level }
            for (expert, (change, gate)) in zip(found.experts, zip(own, found.gates)) { out[expert] += gate * change }
        case .softmaxOfChosen:
            for (expert, (change, gate)) in zip(found.experts, zip(own, found.gates)) {
                out[expert] = gate * (change - level)
            }
        case .sigmoid:
            for (expert, (change, gate)) in zip(found.experts, zip(own, found.gates)) {
                out[expert] = change * gate * (1 - gate)
            }
        }
    }
}
