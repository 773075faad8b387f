import Architectures
import BlockFormats
import Work

/// A state space as a layer's mixer, computed again with the numbers that its gradients need.
///
/// One matrix gives gates, channels and time steps. Channels (values, and the write and read vectors of each group) are
/// convolved; time steps are softplus(step + bias); the states give the outputs, to which a share of each value is
/// added directly; outputs are multiplied by the SiLU of their gates, and in some families normalized group by group.
///
/// Letters: T tokens of the window, E embedding length, C channels, H heads, D head length, G groups, N state length.
struct RecordedStateSpace: RecordedPart {
    private let tools: GradientTools
    private let weights: StateSpaceWeights
    private let shape: StateSpaceShape
    private let x: TokenRows  // (T, E)
    private let convolution: ConvolutionGradient
    private let input: TokenRows  // (T, H D + C + H): gates, channels, time steps
    private let sums: TokenRows  // (T, C), before the SiLU
    private let convolved: TokenRows  // (T, C), after it
    private let steps: TokenRows  // (T, H)
    private let answers: TokenRows  // (T, H D)
    private let gated: TokenRows  // (T, H D), before the norm
    private let normed: TokenRows  // (T, H D): the output matrix's input
    private let norm: Norm

    init(_ tools: GradientTools, _ weights: StateSpaceWeights, _ shape: StateSpaceShape, _ x: TokenRows) throws {
        (self.tools, self.weights, self.shape, self.x) = (tools, weights, shape, x)
        norm = Norm(kind: .rootMeanSquare, epsilon: tools.norm.epsilon)
        convolution = ConvolutionGradient(
            kernel: weights.kernel,
            bias: weights.kernelBias,
            workers: tools.workers,
            kernels: tools.kernels
        )
        input = try tools.memory.rows(x.count, shape.inputWidth)
        sums = try tools.memory.rows(x.count, shape.channels)
        convolved = try tools.memory.rows(x.count, shape.channels)
        steps = try tools.memory.rows(x.count, shape.headCount)
        answers = try tools.memory.rows(x.count, shape.valueWidth)
        gated = try tools.memory.rows(x.count, shape.valueWidth)
        normed = weights.norm.isEmpty ? gated : try tools.memory.rows(x.count, shape.valueWidth)
        tools.multiply(x, by: weights.input, into: input)
        convolution.run(channels(of: input), sums: sums, into: convolved)
        tools.workers.forEach(x.count) { [self] token, _ in
            let known = input[token] + shape.valueWidth + shape.channels
            for head in 0..<shape.headCount {
                steps[token][head] = GatedDeltaRule.softplus(known[head] + weights.stepBias[head])
            }
        }
        let states = try tools.memory.zeros(shape.headCount, shape.headLength * shape.stateLength)
        tools.workers.forEach(shape.headCount) { [self] head, _ in
            let (gradient, factor) = (gradient(head), weights.skip[head])
            for token in 0..<x.count {
                let (own, out) = (parts(token, head), answers[token] + head * shape.headLength)
                gradient.advance(states[head], own, into: out)
                for index in 0..<shape.headLength { out[index] += own.value[index] * factor }
            }
        }
        tools.workers.forEach(x.count) { [self] token, _ in finish(token) }
    }

    func give(into out: TokenRows) { tools.multiply(normed, by: weights.output, into: out) }

    func flowBack(_ gradient: TokenRows, to change: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let (heads, length, state) = (shape.headCount, shape.headLength, shape.stateLength)
        let own = try tools.memory.zeros(x.count, shape.valueWidth)
        tools.flowBack(gradient, through: weights.output, input: normed, to: own)
        let inputChanges = try tools.memory.rows(x.count, shape.inputWidth)
        tools.workers.forEach(x.count) { [self] token, _ in unfinish(token, own, inputChanges[token]) }
        // First the gradients of each head's write and read vectors, then those of the heads of a group.
        let shares = try tools.memory.rows(x.count, 2 * heads * state)
        let changes = try tools.memory.rows(x.count, shape.channels)
        let stepChanges = try tools.memory.rows(x.count, heads)
        let size = StateSpaceGradient.room(tokens: x.count, headLength: length, stateLength: state)
        let room = try tools.memory.rows(tools.workers.count, size)
        tools.workers.forEach(heads) { [self] head, worker in
            self.gradient(head).flowBack(
                x.count,
                room: room[worker],
                token: { parts($0, head) },
                gradient: { UnsafePointer(own[$0] + head * length) },
                change: { token in
                    StateSpaceGradient.Token(
                        write: shares[token] + head * state,
                        read: shares[token] + (heads + head) * state,
                        value: changes[token] + head * length,
                        step: stepChanges[token] + head
                    )
                }
            )
        }
        tools.workers.forEach(x.count) { [self] token, _ in
            collect(shares[token], into: changes[token] + shape.valueWidth)
            let (row, known) = (changes[token], input[token] + shape.valueWidth + shape.channels)
            let out = inputChanges[token] + shape.valueWidth + shape.channels
            for head in 0..<heads {
                for index in (head * length)..<((head + 1) * length) {
                    row[index] += own[token][index] * weights.skip[head]
                }
                out[head] = stepChanges[token][head] * sigmoid(known[head] + weights.stepBias[head])
            }
        }
        convolution.flowBack(changes, sums: sums, into: channels(of: inputChanges))
        tools.flowBack(inputChanges, through: weights.input, input: x, to: change)
    }

    private func channels(of rows: TokenRows) -> TokenRows {
        rows.columns(shape.valueWidth..<(shape.valueWidth + shape.channels))
    }

    private func gradient(_ head: Int) -> StateSpaceGradient {
        StateSpaceGradient(
            headLength: shape.headLength,
            stateLength: shape.stateLength,
            decay: weights.decay[head],
            kernels: tools.kernels
        )
    }

    /// Returns the inputs of one token for one head's state.
    private func parts(_ token: Int, _ head: Int) -> StateSpaceGradient.Token {
        let row = convolved[token]
        let write = row + shape.valueWidth + head / (shape.headCount / shape.groupCount) * shape.stateLength
        return StateSpaceGradient.Token(
            write: write,
            read: write + shape.groupCount * shape.stateLength,
            value: row + head * shape.headLength,
            step: steps[token] + head
        )
    }

    private func collect(_ shares: UnsafePointer<Float>, into changes: UnsafeMutablePointer<Float>) {
        let (heads, groups, state) = (shape.headCount, shape.groupCount, shape.stateLength)
        changes.update(repeating: 0, count: 2 * groups * state)
        for head in 0..<heads {
            for part in 0..<2 {
                let out = changes + (part * groups + head / (heads / groups)) * state
                for index in 0..<state { out[index] += shares[(part * heads + head) * state + index] }
            }
        }
    }

    private func finish(_ token: Int) {
        let (row, out) = (gated[token], normed[token])
        for index in 0..<shape.valueWidth {
            let gate = input[token][index]
            row[index] = gate * sigmoid(gate) * answers[token][index]
        }
        forEachGroup { place, weights in norm.apply(UnsafePointer(row + place), weights: weights, into: out + place) }
    }

    /// Converts gradients of the output matrix's input to those of the states' outputs; writes those of the gates to
    /// their places.
    private func unfinish(_ token: Int, _ changes: TokenRows, _ gates: UnsafeMutablePointer<Float>) {
        let row = changes[token]
        forEachGroup { place, weights in
            let own = row + place
            norm.flowBack(UnsafePointer(own), at: UnsafePointer(gated[token] + place), weights: weights, into: own)
        }
        for index in 0..<shape.valueWidth {
            let gate = input[token][index]
            let share = sigmoid(gate)
            gates[index] = row[index] * answers[token][index] * share * (1 + gate * (1 - share))
            row[index] *= gate * share
        }
    }

    /// Calls the body with the start of each group of the result, and its norm's weights; does nothing without a norm.
    private func forEachGroup(_ body: (_ place: Int, _ weights: UnsafeBufferPointer<Float>) -> Void) {
        guard !weights.norm.isEmpty else { return }
        let length = shape.valueWidth / shape.groupCount
        weights.norm.withUnsafeBufferPointer { scale in
            for group in 0..<shape.groupCount {
                let range = (group * length)..<((group + 1) * length)
                body(group * length, UnsafeBufferPointer(rebasing: scale[range]))
            }
        }
    }
}

/// Attention and a state space that read the same input and whose outputs are added.
struct RecordedPair: RecordedPart {
    let tools: GradientTools
    let first: any RecordedPart
    let second: any RecordedPart

    func give(into out: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        try first.give(into: out)
        let other = try tools.memory.rows(out.count, out.width)
        try second.give(into: other)
        out.add(other)
    }

    func flowBack(_ gradient: TokenRows, to change: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        // A part may overwrite its gradient.
        let own = try tools.memory.rows(gradient.count, gradient.width)
        own.copy(gradient)
        try first.flowBack(own, to: change)
        try second.flowBack(gradient, to: change)
    }
}
