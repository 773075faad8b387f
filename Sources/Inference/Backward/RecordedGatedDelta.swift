import Architectures
import BlockFormats
import Work

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A gated delta rule as a layer's mixer, computed again with the numbers that its gradients need.
///
/// Queries, keys and values are convolved; queries and keys are normalized to length one; the rule computes the
/// outputs; the outputs are normalized head by head and multiplied by the SiLU of their gates. Rates are b =
/// sigmoid(strength) and f = exp(softplus(fading + bias) scale).
///
/// Letters: T tokens of the window, E embedding length, C channels, H value heads, D head length.
struct RecordedGatedDelta: RecordedPart {
    private let tools: GradientTools
    private let weights: GatedDeltaWeights
    private let shape: GatedDeltaShape
    private let x: TokenRows  // (T, E)
    private let convolution: ConvolutionGradient
    private let sums: TokenRows  // (T, C), before the SiLU
    private let convolved: TokenRows  // (T, C), after it
    private let ready: TokenRows  // (T, C), with queries and keys of length one
    private let gates: TokenRows  // (T, H D)
    private let raw: TokenRows  // (T, 2 H): strengths and fadings, the matrices' output
    private let rates: TokenRows  // (T, 2 H): b and f
    private let answers: TokenRows  // (T, H D)
    private let gated: TokenRows  // (T, H D): the output matrix's input
    private let unit: Norm
    private let norm: Norm

    init(
        _ tools: GradientTools,
        _ weights: GatedDeltaWeights,
        _ shape: GatedDeltaShape,
        _ x: TokenRows
    ) throws {
        (self.tools, self.weights, self.shape, self.x) = (tools, weights, shape, x)
        unit = Norm(kind: .rootMeanSquare, epsilon: tools.norm.epsilon / Float(shape.headLength))
        norm = Norm(kind: .rootMeanSquare, epsilon: tools.norm.epsilon)
        convolution = ConvolutionGradient(
            kernel: weights.kernel,
            bias: [],
            workers: tools.workers,
            kernels: tools.kernels
        )
        sums = try tools.memory.rows(x.count, shape.channels)
        convolved = try tools.memory.rows(x.count, shape.channels)
        ready = try tools.memory.rows(x.count, shape.channels)
        gates = try tools.memory.rows(x.count, shape.valueWidth)
        raw = try tools.memory.rows(x.count, 2 * shape.valueHeadCount)
        rates = try tools.memory.rows(x.count, 2 * shape.valueHeadCount)
        answers = try tools.memory.rows(x.count, shape.valueWidth)
        gated = try tools.memory.rows(x.count, shape.valueWidth)
        tools.multiply(x, by: weights.mixed, into: ready)
        convolution.run(ready, sums: sums, into: convolved)
        tools.multiply(x, by: weights.gate, into: gates)
        tools.multiply(x, by: weights.strength, into: raw)
        tools.multiply(x, by: weights.fading, into: raw)
        tools.workers.forEach(x.count) { [self] token, _ in prepare(token) }
        let square = shape.headLength * shape.headLength
        let matrices = try tools.memory.zeros(shape.valueHeadCount, square)
        tools.workers.forEach(shape.valueHeadCount) { [self] head, _ in
            let rule = GatedDeltaRule(length: shape.headLength, kernels: tools.kernels)
            for token in 0..<x.count {
                let own = parts(token, head)
                rule.step(
                    matrices[head],
                    query: UnsafePointer(own.query),
                    key: UnsafePointer(own.key),
                    value: UnsafePointer(own.value),
                    fade: own.fade[0],
                    strength: own.strength[0],
                    into: answers[token] + head * shape.headLength
                )
            }
        }
        tools.workers.forEach(x.count) { [self] token, _ in finish(token) }
    }

    func give(into out: TokenRows) { tools.multiply(gated, by: weights.output, into: out) }

    func flowBack(_ gradient: TokenRows, to change: TokenRows) throws {
        let mark = tools.memory.mark
        defer { tools.memory.release(to: mark) }
        let (heads, length) = (shape.valueHeadCount, shape.headLength)
        let own = try tools.memory.zeros(x.count, shape.valueWidth)
        tools.flowBack(gradient, through: weights.output, input: gated, to: own)
        let gateChanges = try tools.memory.rows(x.count, shape.valueWidth)
        tools.workers.forEach(x.count) { [self] token, _ in unfinish(token, own, gateChanges) }
        // First the gradients of each value head's query and key, then those of the heads that share them.
        let shares = try tools.memory.rows(x.count, 2 * shape.valueWidth)
        let changes = try tools.memory.rows(x.count, shape.channels)
        let rateChanges = try tools.memory.rows(x.count, 2 * heads)
        let room = try tools.memory.rows(tools.workers.count, GatedDeltaGradient.room(tokens: x.count, length: length))
        let values = 2 * shape.keyHeadCount * length
        tools.workers.forEach(heads) { [self] head, worker in
            let rule = GatedDeltaGradient(length: length, kernels: tools.kernels)
            rule.flowBack(
                x.count,
                room: room[worker],
                token: { parts($0, head) },
                gradient: { UnsafePointer(own[$0] + head * length) },
                change: { token in
                    GatedDeltaGradient.Token(
                        query: shares[token] + head * length,
                        key: shares[token] + shape.valueWidth + head * length,
                        value: changes[token] + values + head * length,
                        fade: rateChanges[token] + heads + head,
                        strength: rateChanges[token] + head
                    )
                }
            )
        }
        tools.workers.forEach(x.count) { [self] token, _ in
            collect(shares[token], into: changes[token])
            unprepare(token, changes[token], rateChanges[token])
        }
        let mixedChanges = try tools.memory.rows(x.count, shape.channels)
        convolution.flowBack(changes, sums: sums, into: mixedChanges)
        tools.flowBack(mixedChanges, through: weights.mixed, input: x, to: change)
        tools.flowBack(gateChanges, through: weights.gate, input: x, to: change)
        tools.flowBack(rateChanges, through: weights.strength, input: x, to: change)
        tools.flowBack(rateChanges, through: weights.fading, input: x, to: change)
    }

    /// Returns the inputs of one token for one head's matrix.
    private func parts(_ token: Int, _ head: Int) -> GatedDeltaGradient.Token {
        let (row, length) = (ready[token], shape.headLength)
        let place = head % shape.keyHeadCount * length
        return GatedDeltaGradient.Token(
            query: row + place,
            key: row + shape.keyHeadCount * length + place,
            value: row + 2 * shape.keyHeadCount * length + head * length,
            fade: rates[token] + shape.valueHeadCount + head,
            strength: rates[token] + head
        )
    }

    /// Ones divided by the root of the head length.
    private var unitScale: [Float] {
        [Float](repeating: 1 / Float(shape.headLength).squareRoot(), count: shape.headLength)
    }

    private func prepare(_ token: Int) {
        let (row, length) = (ready[token], shape.headLength)
        row.update(from: convolved[token], count: shape.channels)
        unitScale.withUnsafeBufferPointer { scale in
            for head in 0..<(2 * shape.keyHeadCount) {
                unit.apply(UnsafePointer(convolved[token] + head * length), weights: scale, into: row + head * length)
            }
        }
        let (known, rate, heads) = (raw[token], rates[token], shape.valueHeadCount)
        for head in 0..<heads {
            rate[head] = sigmoid(known[head])
            let fading = GatedDeltaRule.softplus(known[heads + head] + weights.fadingBias[head])
            rate[heads + head] = expf(fading * weights.fadingScale[head])
        }
    }

    /// - Parameters:
    ///   - changes: of queries and keys of length one, and of values; afterwards, of the convolved numbers.
    ///   - rateChanges: of b and f; afterwards, of the matrices' outputs.
    private func unprepare(
        _ token: Int,
        _ changes: UnsafeMutablePointer<Float>,
        _ rateChanges: UnsafeMutablePointer<Float>
    ) {
        let length = shape.headLength
        unitScale.withUnsafeBufferPointer { scale in
            for head in 0..<(2 * shape.keyHeadCount) {
                let own = changes + head * length
                let read = UnsafePointer(convolved[token] + head * length)
                unit.flowBack(UnsafePointer(own), at: read, weights: scale, into: own)
            }
        }
        let (known, rate, heads) = (raw[token], rates[token], shape.valueHeadCount)
        for head in 0..<heads {
            rateChanges[head] *= rate[head] * (1 - rate[head])
            let slope = sigmoid(known[heads + head] + weights.fadingBias[head])
            rateChanges[heads + head] *= rate[heads + head] * weights.fadingScale[head] * slope
        }
    }

    private func collect(_ shares: UnsafePointer<Float>, into changes: UnsafeMutablePointer<Float>) {
        let (length, keys) = (shape.headLength, shape.keyHeadCount)
        changes.update(repeating: 0, count: 2 * keys * length)
        for head in 0..<shape.valueHeadCount {
            for (part, first) in [(0, 0), (1, shape.valueWidth)] {
                let out = changes + (part * keys + head % keys) * length
                for index in 0..<length { out[index] += shares[first + head * length + index] }
            }
        }
    }

    private func finish(_ token: Int) {
        let out = gated[token]
        weights.norm.withUnsafeBufferPointer { scale in
            for head in 0..<shape.valueHeadCount {
                let place = head * shape.headLength
                norm.apply(UnsafePointer(answers[token] + place), weights: scale, into: out + place)
            }
        }
        for index in 0..<shape.valueWidth {
            let gate = gates[token][index]
            out[index] *= gate * sigmoid(gate)
        }
    }

    /// Converts gradients of the output matrix's input to those of the rule's outputs; writes those of the gates to
    /// their own rows.
    private func unfinish(_ token: Int, _ changes: TokenRows, _ gateChanges: TokenRows) {
        let (row, out, length) = (changes[token], gateChanges[token], shape.headLength)
        weights.norm.withUnsafeBufferPointer { scale in
            for head in 0..<shape.valueHeadCount {
                let place = head * length
                norm.apply(UnsafePointer(answers[token] + place), weights: scale, into: out + place)
            }
            for index in 0..<shape.valueWidth {
                let gate = gates[token][index]
                let share = sigmoid(gate)
                out[index] *= row[index] * share * (1 + gate * (1 - share))
                row[index] *= gate * share
            }
            for head in 0..<shape.valueHeadCount {
                let own = row + head * length
                let read = UnsafePointer(answers[token] + head * length)
                norm.flowBack(UnsafePointer(own), at: read, weights: scale, into: own)
            }
        }
    }
}
