import Architectures
import BlockFormats
import Work

/// Attention as a layer's mixer: queries, keys and values, their norms and rotary embedding, the KV cache, and the
/// output matrix.
///
/// Comments give shapes as (rows, columns); a row is a token. Letters: T tokens of the batch, H heads, G key and value
/// heads, D head length.
struct AttentionMixer {
    private let cache: KeyValueCache
    private let product: MatrixProduct
    private let attention: Attention
    private let norm: Norm
    private let temperature: TemperatureRule?
    private let queryWidth: Int
    private let mixedWidth: Int
    private let mixed: FloatBuffer  // (T, (H + 2 G) D)
    private let attended: FloatBuffer  // (T, H D)
    private let asked: FloatBuffer  // (T, 2 H D): each head's queries and the gates of its outputs

    init(model: LanguageModel, cache: KeyValueCache, product: MatrixProduct, batch: Int) throws(InferenceProblem) {
        let shape = model.shape
        (self.cache, self.product) = (cache, product)
        queryWidth = shape.attentions.map { $0.headCount * $0.keyLength }.max() ?? 0
        mixedWidth = shape.attentions.map { ($0.headCount + 2 * $0.keyValueHeadCount) * $0.keyLength }.max() ?? 0
        attention = try Attention(model, cache: cache, kernels: product.kernels, workers: product.workers)
        norm = Norm(kind: shape.norms.kind, epsilon: model.arithmetic.epsilon)
        temperature = model.arithmetic.temperature
        mixed = try FloatBuffer(count: batch * mixedWidth, purpose: "scratch memory")
        attended = try FloatBuffer(count: batch * queryWidth, purpose: "scratch memory")
        let isGated = shape.attentions.contains(where: \.gatesOutput)
        asked = try FloatBuffer(count: isGated ? batch * 2 * queryWidth : 0, purpose: "scratch memory")
    }

    /// destination = output(attention(queries, keys, values)), for the queries of `rows` only.
    func run(
        _ layer: Int,
        _ weights: AttentionWeights,
        _ shape: AttentionShape,
        _ x: Rows<UnsafePointer<Float>>,
        _ positions: Range<Int>,
        _ rotary: RotaryTable?,
        _ rows: Range<Int>,
        into destination: Destination,
        _ observer: ((Activations) -> Void)?
    ) {
        let headLength = shape.keyLength
        let out = Destination(rows: Rows(start: mixed.start, stride: mixedWidth))
        let both = Destination(rows: Rows(start: asked.start, stride: 2 * queryWidth))
        for (index, projection) in weights.queryKeyValue.enumerated() {
            let target = index == 0 && shape.gatesOutput ? both : out
            product.multiply(x, count: positions.count, by: projection, into: target, observer)
        }
        product.workers.forEach(positions.count) { [self] row, _ in
            let place = mixed.start + row * mixedWidth
            if shape.gatesOutput { takeQueries(row, shape) }
            if shape.headNorm == .perRotatedHead {
                rotate(place, shape, rotary, row: row)
                normalize(place, weights, shape)
            } else {
                normalize(place, weights, shape)
                rotate(place, shape, rotary, row: row)
            }
            guard let temperature else { return }
            let factor = temperature.factor(at: positions.lowerBound + row)
            for index in 0..<(shape.headCount * headLength) { place[index] *= factor }
        }
        let keys = mixed.start + shape.headCount * headLength
        let values = keys + shape.keyValueHeadCount * headLength
        if shape.source == nil {
            cache.store(
                layer: layer,
                position: positions.lowerBound,
                count: positions.count,
                keys: Rows(start: UnsafePointer(keys), stride: mixedWidth),
                values: Rows(start: UnsafePointer(values), stride: mixedWidth)
            )
        }
        attention.run(
            layer: shape.source ?? layer,
            shape: shape,
            firstPosition: positions.lowerBound,
            rows: rows,
            of: positions.upperBound,
            queries: (mixed, mixedWidth),
            sinks: weights.sinks,
            into: (attended, queryWidth)
        )
        if shape.gatesOutput {
            product.workers.forEach(rows.count) { [self] row, _ in gate(rows.lowerBound + row, shape) }
        }
        let result = Rows(start: UnsafePointer(attended.start + rows.lowerBound * queryWidth), stride: queryWidth)
        product.multiply(result, count: rows.count, by: weights.output, into: destination, observer)
    }

    /// Copies one token's queries from beside their gates.
    private func takeQueries(_ row: Int, _ shape: AttentionShape) {
        let (source, target) = (asked.start + row * 2 * queryWidth, mixed.start + row * mixedWidth)
        for head in 0..<shape.headCount {
            (target + head * shape.keyLength).update(from: source + 2 * head * shape.keyLength, count: shape.keyLength)
        }
    }

    /// Multiplies one token's outputs by the sigmoids of their gates.
    private func gate(_ row: Int, _ shape: AttentionShape) {
        let (source, target) = (asked.start + row * 2 * queryWidth, attended.start + row * queryWidth)
        for head in 0..<shape.headCount {
            let gates = source + (2 * head + 1) * shape.keyLength
            let own = target + head * shape.keyLength
            for index in 0..<shape.keyLength { own[index] *= sigmoid(gates[index]) }
        }
    }

    /// Normalizes one token's queries, keys and values, which are adjacent.
    private func normalize(
        _ queries: UnsafeMutablePointer<Float>,
        _ weights: AttentionWeights,
        _ shape: AttentionShape
    ) {
        let (length, count) = (shape.keyLength, shape.keyValueHeadCount)
        let keys = queries + shape.headCount * length
        let values = keys + count * length
        if weights.takesKeysForValues { values.update(from: keys, count: count * length) }
        normalize(queries, shape, headCount: shape.headCount, weights.queryNorm)
        normalize(keys, shape, headCount: count, weights.keyNorm)
        normalize(values, shape, headCount: count, weights.valueNorm)
    }

    private func rotate(
        _ queries: UnsafeMutablePointer<Float>,
        _ shape: AttentionShape,
        _ rotary: RotaryTable?,
        row: Int
    ) {
        guard let rotary else { return }
        for head in 0..<(shape.headCount + (shape.source == nil ? shape.keyValueHeadCount : 0)) {
            rotary.apply(row: row, to: queries + head * shape.keyLength)
        }
    }

    private func normalize(
        _ heads: UnsafeMutablePointer<Float>,
        _ shape: AttentionShape,
        headCount: Int,
        _ weights: [Float]
    ) {
        guard !weights.isEmpty else { return }
        let isWhole = shape.headNorm == .whole
        let length = isWhole ? weights.count : shape.keyLength
        weights.withUnsafeBufferPointer { weights in
            for head in 0..<(isWhole ? 1 : headCount) {
                // The heads share one head's weights, or each has its own.
                let first = weights.count == length ? 0 : head * length
                let own = UnsafeBufferPointer(rebasing: weights[first..<(first + length)])
                let place = heads + head * length
                norm.apply(UnsafePointer(place), weights: own, into: place)
            }
        }
    }
}
