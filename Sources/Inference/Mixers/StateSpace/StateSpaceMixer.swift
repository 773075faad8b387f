import Architectures
import BlockFormats
import Work

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A state space as a layer's mixer: channels are convolved over a few tokens and change each head's state token by
/// token; the numbers read from the states are gated, normalized and projected.
///
/// Source: Dao and Gu, "Transformers are SSMs", 2024; as in Granite 4 (IBM, 2025), Nemotron-H (NVIDIA, 2025) and
/// Falcon-H1 (TII, 2025).
///
/// Letters: T tokens of the batch, C channels, H heads, D head length, G groups, N state length, P rows of the input
/// matrix, L tokens that the convolution sees.
struct StateSpaceMixer {
    private let state: SequenceState
    private let product: MatrixProduct
    private let norm: Norm
    private let input: FloatBuffer  // (T, P): gates, channels, time steps
    private let mixed: FloatBuffer  // (L - 1 + T, C), those of the previous tokens first
    private let convolved: FloatBuffer  // (T, C): values, then the write and read vectors of all groups
    private let rates: FloatBuffer  // (T, H), time steps
    private let answers: FloatBuffer  // (T, H D)
    private let ones: FloatBuffer  // (C)
    private let products: FloatBuffer  // (chunks of T, G, tokens of a chunk, tokens of a chunk)
    private let scratch: [StateSpaceChunk.Scratch]  // one per thread

    /// The least number of tokens for a chunk; fewer are processed one by one.
    private static let fewestAtOnce = StateSpaceChunk.length

    init(_ model: LanguageModel, state: SequenceState, product: MatrixProduct, batch: Int) throws(InferenceProblem) {
        (self.state, self.product) = (state, product)
        norm = Norm(kind: .rootMeanSquare, epsilon: model.arithmetic.epsilon)
        let shapes = model.shape.layers.compactMap(\.stateSpace)
        func most(_ count: (StateSpaceShape) -> Int) -> Int { shapes.map(count).max() ?? 0 }
        let channels = most(\.channels)
        input = try FloatBuffer(count: batch * most(\.inputWidth), purpose: "scratch memory")
        mixed = try FloatBuffer(count: (most(\.convolutionLength) + batch) * channels, purpose: "scratch memory")
        convolved = try FloatBuffer(count: batch * channels, purpose: "scratch memory")
        rates = try FloatBuffer(count: batch * most(\.headCount), purpose: "scratch memory")
        answers = try FloatBuffer(count: batch * most(\.valueWidth), purpose: "scratch memory")
        ones = try FloatBuffer(count: channels, purpose: "scratch memory")
        ones.start.update(repeating: 1, count: channels)
        let length = StateSpaceChunk.length
        let chunks = shapes.isEmpty ? 0 : (batch + length - 1) / length
        products = try FloatBuffer(count: chunks * most(\.groupCount) * length * length, purpose: "scratch memory")
        var scratch: [StateSpaceChunk.Scratch] = []
        for _ in 0..<(shapes.isEmpty ? 0 : product.workers.count) {
            scratch.append(try StateSpaceChunk.Scratch(headLength: most(\.headLength)))
        }
        self.scratch = scratch
    }

    func run(
        _ layer: Int,
        _ weights: StateSpaceWeights,
        _ shape: StateSpaceShape,
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
        let all = Destination(rows: Rows(start: input.start, stride: shape.inputWidth))
        product.multiply(x, count: count, by: weights.input, into: all, observer)
        product.workers.forEach(count) { [self] row, _ in
            let source = input.start + row * shape.inputWidth + shape.valueWidth
            (mixed.start + (kept + row) * shape.channels).update(from: source, count: shape.channels)
        }
        product.workers.forEach(count) { [self] row, _ in prepare(row, weights, shape) }
        state.start.update(from: mixed.start + count * shape.channels, count: shape.convolutionState)
        let states = SharedRows(Rows(start: state.start + shape.convolutionState, stride: shape.stateLength))
        let isAtOnce = count >= Self.fewestAtOnce
        if isAtOnce { multiply(count, shape) }
        product.workers.forEach(shape.headCount) { [self] head, worker in
            let own = states.rows.start + head * shape.headLength * shape.stateLength
            if isAtOnce {
                scanChunks(head, own, count, weights, shape, scratch[worker])
            } else {
                scan(head, own, count, weights, shape)
            }
            skip(head, count, weights, shape)
        }
        product.workers.forEach(rows.count) { [self] row, _ in finish(rows.lowerBound + row, weights, shape) }
        let result = Rows(
            start: UnsafePointer(input.start + rows.lowerBound * shape.inputWidth),
            stride: shape.inputWidth
        )
        product.multiply(result, count: rows.count, by: weights.output, into: destination, observer)
    }

    /// Convolves one token's channels, and computes its time steps.
    private func prepare(_ row: Int, _ weights: StateSpaceWeights, _ shape: StateSpaceShape) {
        let (channels, heads) = (shape.channels, shape.headCount)
        let out = convolved.start + row * channels
        weights.kernelBias.withUnsafeBufferPointer { bias in
            for channel in 0..<channels { out[channel] = bias[channel] }
        }
        weights.kernel.withUnsafeBufferPointer { kernel in
            guard let kernel = kernel.baseAddress else { return }
            for tap in 0..<shape.convolutionLength {
                let (source, factors) = (mixed.start + (row + tap) * channels, kernel + tap * channels)
                for channel in 0..<channels { out[channel] += source[channel] * factors[channel] }
            }
        }
        product.kernels.swiglu(out, UnsafePointer(ones.start), count: channels)
        let steps = input.start + row * shape.inputWidth + shape.valueWidth + channels
        for head in 0..<heads {
            rates.start[row * heads + head] = GatedDeltaRule.softplus(steps[head] + weights.stepBias[head])
        }
    }

    /// Returns the values, or a group's write or read vectors, starting at a token of the batch.
    private func rows(_ token: Int, _ place: Int, _ shape: StateSpaceShape) -> Rows<UnsafePointer<Float>> {
        Rows(start: UnsafePointer(convolved.start + token * shape.channels + place), stride: shape.channels)
    }

    private func write(_ group: Int, _ shape: StateSpaceShape) -> Int { shape.valueWidth + group * shape.stateLength }

    private func read(_ group: Int, _ shape: StateSpaceShape) -> Int { write(shape.groupCount + group, shape) }

    /// Runs all tokens through one head's state, one by one.
    private func scan(
        _ head: Int,
        _ state: UnsafeMutablePointer<Float>,
        _ count: Int,
        _ weights: StateSpaceWeights,
        _ shape: StateSpaceShape
    ) {
        let scan = StateSpaceScan(
            headLength: shape.headLength,
            stateLength: shape.stateLength,
            kernels: product.kernels
        )
        let group = head / (shape.headCount / shape.groupCount)
        for row in 0..<count {
            let step = rates.start[row * shape.headCount + head]
            scan.step(
                state,
                write: rows(row, write(group, shape), shape).start,
                read: rows(row, read(group, shape), shape).start,
                value: rows(row, head * shape.headLength, shape).start,
                fade: expf(step * weights.decay[head]),
                step: step,
                into: answers.start + row * shape.valueWidth + head * shape.headLength
            )
        }
    }

    /// Multiplies the read vectors of a chunk's tokens by the write vectors, for all chunks and groups.
    private func multiply(_ count: Int, _ shape: StateSpaceShape) {
        let length = StateSpaceChunk.length
        let chunk = chunk(shape)
        product.workers.forEach((count + length - 1) / length * shape.groupCount) { [self] task, _ in
            let (index, group) = task.quotientAndRemainder(dividingBy: shape.groupCount)
            chunk.multiply(
                min(length, count - index * length),
                write: rows(index * length, write(group, shape), shape),
                read: rows(index * length, read(group, shape), shape),
                into: products.start + task * length * length
            )
        }
    }

    /// Runs all tokens through one head's state, one chunk at a time.
    private func scanChunks(
        _ head: Int,
        _ state: UnsafeMutablePointer<Float>,
        _ count: Int,
        _ weights: StateSpaceWeights,
        _ shape: StateSpaceShape,
        _ scratch: StateSpaceChunk.Scratch
    ) {
        let length = StateSpaceChunk.length
        let chunk = chunk(shape)
        let group = head / (shape.headCount / shape.groupCount)
        for first in stride(from: 0, to: count, by: length) {
            let tokens = first..<min(first + length, count)
            let out = answers.start + first * shape.valueWidth + head * shape.headLength
            chunk.run(
                state,
                products: UnsafePointer(products.start + (first / length * shape.groupCount + group) * length * length),
                write: rows(first, write(group, shape), shape),
                read: rows(first, read(group, shape), shape),
                values: rows(first, head * shape.headLength, shape),
                steps: tokens.map { rates.start[$0 * shape.headCount + head] },
                decay: weights.decay[head],
                scratch: scratch,
                into: Rows(start: out, stride: shape.valueWidth)
            )
        }
    }

    private func chunk(_ shape: StateSpaceShape) -> StateSpaceChunk {
        StateSpaceChunk(headLength: shape.headLength, stateLength: shape.stateLength, kernels: product.kernels)
    }

    /// Adds the share of one head's values that bypasses the state.
    private func skip(_ head: Int, _ count: Int, _ weights: StateSpaceWeights, _ shape: StateSpaceShape) {
        let (length, factor) = (shape.headLength, weights.skip[head])
        for row in 0..<count {
            let values = rows(row, head * length, shape).start
            let out = answers.start + row * shape.valueWidth + head * length
            for index in 0..<length { out[index] += values[index] * factor }
        }
    }

    /// Gates one token's outputs and normalizes them group by group; overwrites the gates.
    private func finish(_ row: Int, _ weights: StateSpaceWeights, _ shape: StateSpaceShape) {
        let own = input.start + row * shape.inputWidth
        product.kernels.swiglu(own, UnsafePointer(answers.start + row * shape.valueWidth), count: shape.valueWidth)
        guard !weights.norm.isEmpty else { return }
        let length = shape.valueWidth / shape.groupCount
        weights.norm.withUnsafeBufferPointer { scale in
            for group in 0..<shape.groupCount {
                let place = own + group * length
                let part = UnsafeBufferPointer(rebasing: scale[(group * length)..<((group + 1) * length)])
                norm.apply(UnsafePointer(place), weights: part, into: place)
            }
        }
    }
}
