import BlockFormats

/// One batch of tokens through all layers of a model, with the scratch memory for it.
///
/// Comments give shapes as (rows, columns); a row is a token. Letters: T tokens of the batch, E embedding length, H heads,
/// G key and value heads, D head length, F feed-forward length, V vocabulary size.
final class ForwardPass {
    let model: LanguageModel
    let cache: KeyValueCache
    /// Most tokens of a batch.
    let batch: Int
    let product: MatrixProduct
    private let attention: Attention
    private let norm: RootMeanSquareNorm
    private let factors: [Float]
    private let queryKeyValueWidth: Int
    private let queryWidth: Int
    private let hidden: FloatBuffer  // (T, E)
    private let normed: FloatBuffer  // (T, E)
    private let queryKeyValue: FloatBuffer  // (T, (H + 2 G) D)
    private let attended: FloatBuffer  // (T, H D)
    private let gateUp: FloatBuffer  // (T, 2 F)
    private var logitBuffer: FloatBuffer  // (slab, V)

    init(model: LanguageModel, cache: KeyValueCache, kernels: Kernels, workers: Workers, batch: Int)
        throws(InferenceProblem)
    {
        let traits = model.traits
        let width = traits.embeddingLength
        self.model = model
        self.cache = cache
        self.batch = batch
        queryWidth = (traits.headCounts.max() ?? 0) * traits.headLength
        let keyWidth = (traits.keyValueHeadCounts.max() ?? 0) * traits.headLength
        queryKeyValueWidth = queryWidth + 2 * keyWidth
        let hiddenWidth = traits.feedForwardLengths.max() ?? 0
        product = try MatrixProduct(kernels: kernels, workers: workers, widest: max(width, queryWidth, hiddenWidth))
        attention = try Attention(cache: cache, traits: traits, kernels: kernels, workers: workers)
        norm = RootMeanSquareNorm(epsilon: traits.epsilon)
        factors = model.rotaryFactors(capacity: cache.capacity)
        let scratch = "scratch memory"
        hidden = try FloatBuffer(count: batch * width, purpose: scratch)
        normed = try FloatBuffer(count: batch * width, purpose: scratch)
        queryKeyValue = try FloatBuffer(count: batch * queryKeyValueWidth, purpose: scratch)
        attended = try FloatBuffer(count: batch * queryWidth, purpose: scratch)
        gateUp = try FloatBuffer(count: batch * 2 * hiddenWidth, purpose: scratch)
        logitBuffer = try FloatBuffer(count: 0, purpose: "logits")
    }

    /// Runs the tokens through all layers.
    /// - Parameter needed: rows whose final state is wanted; afterwards they are the first rows of `hidden`.
    func run(_ tokens: [Int32], at position: Int, needed: Range<Int>, observer: ((Activations) -> Void)?) {
        precondition(tokens.count <= batch)
        let width = model.traits.embeddingLength
        for (row, token) in tokens.enumerated() {
            let place = hidden.start + row * width
            let embedding = model.tokenEmbedding.rows(Int(token)..<(Int(token) + 1), scratch: place)
            if embedding != UnsafePointer(place) { place.update(from: embedding, count: width) }
        }
        let positions = position..<(position + tokens.count)
        let rotary = RotaryTable(model.traits.rotary, factors: factors, positions: positions)
        for (index, layer) in model.layers.enumerated() {
            // After the last layer's attention, other rows are of no more use.
            let isLast = index == model.layers.count - 1
            let rows = isLast ? needed : 0..<tokens.count
            attend(index, layer, positions, rotary, rows, observer)
            if isLast { keepRows(rows) }
            feedForward(layer, rows.count, observer)
        }
    }

    /// The logits of rows that `run` was asked for: (rows, V).
    func logits(rows: Range<Int>, observer: ((Activations) -> Void)?) throws(InferenceProblem) -> UnsafePointer<Float> {
        let width = model.traits.embeddingLength
        let size = model.vocabularySize
        if logitBuffer.count < rows.count * size {
            logitBuffer = try FloatBuffer(count: rows.count * size, purpose: "logits")
        }
        normalize(rows, model.outputNorm)
        let x = Rows(start: UnsafePointer(normed.start), stride: width)
        let out = Rows(start: logitBuffer.start, stride: size)
        product.multiply(x, count: rows.count, by: model.output, into: out, adding: false, observer)
        return UnsafePointer(logitBuffer.start)
    }

    /// hidden[rows] += output(attention(rotated queries, keys, values)), where only `rows` ask.
    private func attend(
        _ index: Int,
        _ layer: LayerWeights,
        _ positions: Range<Int>,
        _ rotary: RotaryTable,
        _ rows: Range<Int>,
        _ observer: ((Activations) -> Void)?
    ) {
        let width = model.traits.embeddingLength
        let headLength = model.traits.headLength
        normalize(0..<positions.count, layer.attentionNorm)
        let x = Rows(start: UnsafePointer(normed.start), stride: width)
        let mixed = Rows(start: queryKeyValue.start, stride: queryKeyValueWidth)
        for projection in layer.queryKeyValue {
            product.multiply(x, count: positions.count, by: projection, into: mixed, adding: false, observer)
        }
        let layout = model.traits.architecture.rotaryLayout
        let turning = layer.headCount + layer.keyValueHeadCount  // queries and keys lie side by side
        let place = queryKeyValue
        let stride = queryKeyValueWidth
        product.workers.forEach(positions.count) { row, _ in
            for head in 0..<turning {
                rotary.apply(layout, row: row, to: place.start + row * stride + head * headLength)
            }
        }
        let keys = queryKeyValue.start + layer.headCount * headLength
        cache.store(
            layer: index,
            position: positions.lowerBound,
            count: positions.count,
            keys: Rows(start: UnsafePointer(keys), stride: queryKeyValueWidth),
            values: Rows(
                start: UnsafePointer(keys + layer.keyValueHeadCount * headLength),
                stride: queryKeyValueWidth
            )
        )
        attention.run(
            layer: index,
            weights: layer,
            firstPosition: positions.lowerBound,
            rows: rows,
            queries: (queryKeyValue, queryKeyValueWidth),
            into: (attended, queryWidth)
        )
        let result = Rows(start: UnsafePointer(attended.start + rows.lowerBound * queryWidth), stride: queryWidth)
        let residual = Rows(start: hidden.start + rows.lowerBound * width, stride: width)
        product.multiply(result, count: rows.count, by: layer.attentionOutput, into: residual, adding: true, observer)
    }

    /// hidden += down(silu(gate(x)) * up(x)) for the first `count` rows, where x is hidden, normalized.
    private func feedForward(_ layer: LayerWeights, _ count: Int, _ observer: ((Activations) -> Void)?) {
        guard count > 0 else { return }
        let width = model.traits.embeddingLength
        let length = layer.feedForwardLength
        normalize(0..<count, layer.feedForwardNorm)
        let x = Rows(start: UnsafePointer(normed.start), stride: width)
        for projection in layer.gateUp {
            let out = Rows(start: gateUp.start, stride: 2 * length)
            product.multiply(x, count: count, by: projection, into: out, adding: false, observer)
        }
        let gate = gateUp
        let kernels = product.kernels
        product.workers.forEach(count) { row, _ in
            let start = gate.start + row * 2 * length
            kernels.swiglu(start, UnsafePointer(start + length), count: length)
        }
        let activated = Rows(start: UnsafePointer(gateUp.start), stride: 2 * length)
        let residual = Rows(start: hidden.start, stride: width)
        product.multiply(activated, count: count, by: layer.down, into: residual, adding: true, observer)
    }

    /// normed = hidden[rows], normalized.
    private func normalize(_ rows: Range<Int>, _ weights: [Float]) {
        let width = model.traits.embeddingLength
        let (source, target, norm) = (hidden, normed, norm)
        let first = rows.lowerBound
        product.workers.forEach(rows.count) { row, _ in
            weights.withUnsafeBufferPointer {
                norm.apply(
                    UnsafePointer(source.start + (first + row) * width),
                    weights: $0,
                    into: target.start + row * width
                )
            }
        }
    }

    private func keepRows(_ rows: Range<Int>) {
        let width = model.traits.embeddingLength
        // The ranges may overlap; `update` copes.
        hidden.start.update(from: hidden.start + rows.lowerBound * width, count: rows.count * width)
    }
}
