import Architectures
import BlockFormats
import Work

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A gated delta rule as a layer's mixer: queries, keys and values are convolved over a few tokens and change each
/// head's matrix token by token; the matrix's output is normalized, gated and projected.
///
/// Source: Yang et al., "Gated Delta Networks", 2025; as in Qwen3.5 (Alibaba, 2026).
///
/// Letters: T tokens of the batch, C channels, H value heads, D head length, L tokens that the convolution sees.
struct GatedDeltaMixer {
    private let state: SequenceState
    private let product: MatrixProduct
    private let norm: Norm
    private let epsilon: Float
    private let mixed: FloatBuffer  // (L - 1 + T, C), those of the previous tokens first
    private let convolved: FloatBuffer  // (T, C)
    private let gates: FloatBuffer  // (T, H D)
    private let rates: FloatBuffer  // (T, 2 H): strengths, then fadings
    private let answers: FloatBuffer  // (T, H D)
    private let ones: FloatBuffer  // (C)

    init(_ model: LanguageModel, state: SequenceState, product: MatrixProduct, batch: Int) throws(InferenceProblem) {
        (self.state, self.product) = (state, product)
        epsilon = model.arithmetic.epsilon
        norm = Norm(kind: .rootMeanSquare, epsilon: epsilon)
        let shapes = model.shape.layers.compactMap(\.gatedDelta)
        func most(_ count: (GatedDeltaShape) -> Int) -> Int { shapes.map(count).max() ?? 0 }
        let channels = most(\.channels)
        mixed = try FloatBuffer(count: (most(\.convolutionLength) + batch) * channels, purpose: "scratch memory")
        convolved = try FloatBuffer(count: batch * channels, purpose: "scratch memory")
        gates = try FloatBuffer(count: batch * most(\.valueWidth), purpose: "scratch memory")
        rates = try FloatBuffer(count: batch * 2 * most(\.valueHeadCount), purpose: "scratch memory")
        answers = try FloatBuffer(count: batch * most(\.valueWidth), purpose: "scratch memory")
        ones = try FloatBuffer(count: channels, purpose: "scratch memory")
        ones.start.update(repeating: 1, count: channels)
    }

    func run(
        _ layer: Int,
        _ weights: GatedDeltaWeights,
        _ shape: GatedDeltaShape,
        _ x: Rows<UnsafePointer<Float>>,
        _ positions: Range<Int>,
        _ rows: Range<Int>,
        into destination: Destination,
        _ observer: ((Activations) -> Void)?
    ) {
        let (count, kept) = (positions.count, shape.convolutionLength - 1)
        let state = state.constant(layer)
        // Nothing precedes the first token.
        if positions.lowerBound == 0 { state.start.update(repeating: 0, count: state.count) }
        mixed.start.update(from: state.start, count: shape.convolutionState)
        let new = Rows(start: mixed.start + kept * shape.channels, stride: shape.channels)
        product.multiply(x, count: count, by: weights.mixed, into: Destination(rows: new), observer)
        let gate = Rows(start: gates.start, stride: shape.valueWidth)
        product.multiply(x, count: count, by: weights.gate, into: Destination(rows: gate), observer)
        let rate = Destination(rows: Rows(start: rates.start, stride: 2 * shape.valueHeadCount))
        product.multiply(x, count: count, by: weights.strength, into: rate, observer)
        product.multiply(x, count: count, by: weights.fading, into: rate, observer)
        product.workers.forEach(count) { [self] row, _ in prepare(row, weights, shape) }
        state.start.update(from: mixed.start + count * shape.channels, count: shape.convolutionState)
        let matrices = SharedRows(Rows(start: state.start + shape.convolutionState, stride: shape.headLength))
        product.workers.forEach(shape.valueHeadCount) { [self] head, _ in
            let square = shape.headLength * shape.headLength
            answer(head, matrices.rows.start + head * square, count, shape)
        }
        product.workers.forEach(rows.count) { [self] row, _ in finish(rows.lowerBound + row, weights, shape) }
        let result = Rows(
            start: UnsafePointer(gates.start + rows.lowerBound * shape.valueWidth),
            stride: shape.valueWidth
        )
        product.multiply(result, count: rows.count, by: weights.output, into: destination, observer)
    }

    /// Convolves one token's queries, keys and values, normalizes the first two to length one, and computes its rates.
    private func prepare(_ row: Int, _ weights: GatedDeltaWeights, _ shape: GatedDeltaShape) {
        let (channels, taps, length) = (shape.channels, shape.convolutionLength, shape.headLength)
        let out = convolved.start + row * channels
        weights.kernel.withUnsafeBufferPointer { kernel in
            guard let kernel = kernel.baseAddress else { return }
            out.update(repeating: 0, count: channels)
            for tap in 0..<taps {
                let (source, factors) = (mixed.start + (row + tap) * channels, kernel + tap * channels)
                for channel in 0..<channels { out[channel] += source[channel] * factors[channel] }
            }
        }
        product.kernels.swiglu(out, UnsafePointer(ones.start), count: channels)
        let unit = Norm(kind: .rootMeanSquare, epsilon: epsilon / Float(length))
        let scale = [Float](repeating: 1 / Float(length).squareRoot(), count: length)
        scale.withUnsafeBufferPointer { scale in
            for head in 0..<(2 * shape.keyHeadCount) {
                let own = out + head * length
                unit.apply(UnsafePointer(own), weights: scale, into: own)
            }
        }
        let rate = rates.start + row * 2 * shape.valueHeadCount
        for head in 0..<shape.valueHeadCount {
            rate[head] = sigmoid(rate[head])
            let fading = GatedDeltaRule.softplus(rate[shape.valueHeadCount + head] + weights.fadingBias[head])
            rate[shape.valueHeadCount + head] = expf(fading * weights.fadingScale[head])
        }
    }

    /// Runs all tokens through one head's matrix.
    private func answer(_ head: Int, _ matrix: UnsafeMutablePointer<Float>, _ count: Int, _ shape: GatedDeltaShape) {
        let length = shape.headLength
        let rule = GatedDeltaRule(length: length, kernels: product.kernels)
        let keyPlace = head % shape.keyHeadCount * length
        for row in 0..<count {
            let own = convolved.start + row * shape.channels
            let rate = rates.start + row * 2 * shape.valueHeadCount + head
            rule.step(
                matrix,
                query: UnsafePointer(own + keyPlace),
                key: UnsafePointer(own + shape.keyHeadCount * length + keyPlace),
                value: UnsafePointer(own + 2 * shape.keyHeadCount * length + head * length),
                fade: rate[shape.valueHeadCount],
                strength: rate[0],
                into: answers.start + row * shape.valueWidth + head * length
            )
        }
    }

    /// Normalizes one token's outputs head by head and gates them; overwrites the gates.
    private func finish(_ row: Int, _ weights: GatedDeltaWeights, _ shape: GatedDeltaShape) {
        let own = answers.start + row * shape.valueWidth
        weights.norm.withUnsafeBufferPointer { scale in
            for head in 0..<shape.valueHeadCount {
                let place = own + head * shape.headLength
                norm.apply(UnsafePointer(place), weights: scale, into: place)
            }
        }
        product.kernels.swiglu(gates.start + row * shape.valueWidth, UnsafePointer(own), count: shape.valueWidth)
    }
}
