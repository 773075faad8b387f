import Architectures
import Work

/// A dense network and a mixture of experts side by side, computed again with the numbers that their gradients need:
/// norm(dense(x)) + norm(experts(norm(state))). The router reads the state normalized to a mean square of one over its
/// width, and scaled element by element.
///
/// Letters: T tokens of the window, E embedding length.
struct RecordedBoth {
    private let tools: GradientTools
    private let weights: BothNetworksWeights
    private let state: TokenRows  // (T, E), before any norm
    private let dense: RecordedDense
    private let experts: RecordedExperts
    private let denseOut: TokenRows  // (T, E), before their norms
    private let expertsOut: TokenRows
    private let ones: [Float]

    /// - Parameter x: the state after the dense network's norm.
    init(
        _ tools: GradientTools,
        _ weights: BothNetworksWeights,
        _ shape: ExpertShape,
        _ x: TokenRows,
        state: TokenRows
    ) throws {
        (self.tools, self.weights, self.state) = (tools, weights, state)
        let width = x.width
        ones = Array(repeating: 1, count: width)
        denseOut = try tools.memory.rows(x.count, width)
        expertsOut = try tools.memory.rows(x.count, width)
        dense = try RecordedDense(tools, weights.dense, x)
        let input = try tools.normalized(state, weights.expertsNorm)
        let routed = try tools.memory.rows(x.count, width)
        tools.workers.forEach(x.count) { [ones, norm = tools.norm] token, _ in
            let out = routed[token]
            ones.withUnsafeBufferPointer { norm.apply(UnsafePointer(state[token]), weights: $0, into: out) }
            let scale = 1 / Float(width).squareRoot()
            for index in 0..<width { out[index] = out[index] * scale * weights.experts.routerScale[index] }
        }
        experts = try RecordedExperts(tools, weights.experts, shape, input, routed: routed)
        dense.give(into: denseOut)
        try experts.give(into: expertsOut)
    }

    func give(into out: TokenRows) throws {
        tools.normalize(denseOut, weights.densePostNorm, into: out)
        out.add(try tools.normalized(expertsOut, weights.expertsPostNorm))
    }

    /// - Parameters:
    ///   - change: receives the gradient of x.
    ///   - stateChange: receives the gradient of the state that does not pass the dense network.
    func flowBack(_ gradient: TokenRows, to change: TokenRows, state stateChange: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let (count, width) = (state.count, state.width)
        let own = try tools.memory.zeros(count, width)
        tools.flowBack(gradient, through: weights.densePostNorm, at: denseOut, to: own)
        try dense.flowBack(own, to: change)
        own.clear()
        tools.flowBack(gradient, through: weights.expertsPostNorm, at: expertsOut, to: own)
        let input = try tools.memory.zeros(count, width)
        let routed = try tools.memory.zeros(count, width)
        try experts.flowBack(own, to: input, routed: routed)
        tools.flowBack(input, through: weights.expertsNorm, at: state, to: stateChange)
        let scale = 1 / Float(width).squareRoot()
        tools.workers.forEach(count) { [tools, state, ones, weights] token, _ in
            let row = routed[token]
            for index in 0..<width { row[index] *= scale * weights.experts.routerScale[index] }
            ones.withUnsafeBufferPointer {
                let (out, read) = (stateChange[token], UnsafePointer(state[token]))
                tools.norm.flowBack(UnsafePointer(row), at: read, weights: $0, into: out, adds: true)
            }
        }
    }
}
