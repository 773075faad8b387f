import Architectures
import BlockFormats
import Work

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Streams of hidden states, the first of which layers work on: they are predicted from each other before a layer, and
/// corrected after it by the layer's change. A low-rank detour runs beside attention.
///
/// Source: Baykal et al., "Alternating Updates for Efficient Transformers", 2023; as in Gemma 3n (Google, 2025).
///
/// Letters: T tokens of the batch, S streams, E embedding length, R rank of the detour.
struct HiddenStreams {
    /// (T, S E).
    let all: FloatBuffer
    private let ends: StreamEndWeights
    private let shape: StreamShape
    private let width: Int
    private let product: MatrixProduct
    private let norm: Norm
    private let predicted: FloatBuffer  // (T, S E)
    private let routed: FloatBuffer  // (T, E)
    private let detour: FloatBuffer  // (T, E)
    private let low: FloatBuffer  // (T, R)
    private let modes: FloatBuffer  // (T, S), the router's output
    private let factors: FloatBuffer  // (T, S S)

    /// - Returns: nil for a model with a single hidden state.
    init?(_ model: LanguageModel, product: MatrixProduct, batch: Int) throws(InferenceProblem) {
        guard let ends = model.streamEnds, let shape = model.shape.streams else { return nil }
        (self.ends, self.shape, self.product) = (ends, shape, product)
        width = model.shape.embeddingLength
        norm = Norm(kind: model.shape.norms.kind, epsilon: model.arithmetic.epsilon)
        all = try FloatBuffer(count: batch * shape.count * width, purpose: "scratch memory")
        predicted = try FloatBuffer(count: batch * shape.count * width, purpose: "scratch memory")
        routed = try FloatBuffer(count: batch * width, purpose: "scratch memory")
        detour = try FloatBuffer(count: batch * width, purpose: "scratch memory")
        low = try FloatBuffer(count: batch * shape.detourRank, purpose: "scratch memory")
        modes = try FloatBuffer(count: batch * shape.count, purpose: "scratch memory")
        factors = try FloatBuffer(count: batch * shape.count * shape.count, purpose: "scratch memory")
    }

    private var stride: Int { shape.count * width }

    /// Creates streams from the first hidden state, each scaled to its length.
    /// - Parameter state: (T, E).
    func spread(_ state: UnsafePointer<Float>, _ count: Int, _ observer: ((Activations) -> Void)?) {
        let x = SharedRows(Rows(start: state, stride: width))
        for (index, matrix) in ends.spread.enumerated() {
            let target = Rows(start: all.start + (index + 1) * width, stride: stride)
            product.multiply(x.rows, count: count, by: matrix, into: Destination(rows: target), observer)
        }
        product.workers.forEach(count) { [self] row, _ in
            let (source, target) = (x.rows.start + row * width, all.start + row * stride)
            target.update(from: source, count: width)
            for stream in 1..<shape.count { stretch(target + stream * width, to: magnitude(source)) }
        }
    }

    /// Predicts all streams from each other; the layer works on the first.
    /// - Parameter state: (T, E).
    func predict(
        _ weights: StreamWeights,
        _ count: Int,
        into state: UnsafeMutablePointer<Float>,
        _ observer: ((Activations) -> Void)?
    ) {
        route(Rows(start: UnsafePointer(all.start), stride: stride), weights, count, observer)
        multiply(by: weights.prediction, count, observer)
        let target = SharedRows(Rows(start: state, stride: width))
        product.workers.forEach(count) { [self] row, _ in
            let (source, out) = (all.start + row * stride, predicted.start + row * stride)
            let own = factors.start + row * shape.count * shape.count
            out.update(from: source, count: stride)
            for stream in 0..<shape.count {
                for other in 0..<shape.count {
                    let factor = own[stream * shape.count + other]
                    for index in 0..<width { out[stream * width + index] += source[other * width + index] * factor }
                }
            }
            (target.rows.start + row * width).update(from: out, count: width)
        }
    }

    /// Computes the detour's output for the input of attention, plus that input.
    func takeDetour(
        _ x: Rows<UnsafePointer<Float>>,
        _ weights: StreamWeights,
        _ count: Int,
        _ observer: ((Activations) -> Void)?
    ) {
        let middle = Rows(start: low.start, stride: shape.detourRank)
        product.multiply(x, count: count, by: weights.detourIn, into: Destination(rows: middle), observer)
        let read = Rows(start: UnsafePointer(low.start), stride: shape.detourRank)
        let out = Destination(rows: Rows(start: detour.start, stride: width))
        product.multiply(read, count: count, by: weights.detourOut, into: out, observer)
        let source = SharedRows(x)
        product.workers.forEach(count) { [self] row, _ in
            let (own, input) = (detour.start + row * width, source.rows.start + row * source.rows.stride)
            apply(weights.detourNorm, UnsafePointer(own), into: own)
            for index in 0..<width { own[index] += input[index] }
        }
    }

    /// state = (state + detour) / sqrt 2
    func join(_ state: UnsafeMutablePointer<Float>, _ count: Int) {
        let scale = 1 / Float(2).squareRoot()
        for index in 0..<(count * width) { state[index] = (state[index] + detour.start[index]) * scale }
    }

    /// Corrects all streams by the layer's change of the first.
    /// - Returns: the first stream, scaled, to which the embedding for the layer is applied.
    func correct(
        _ weights: StreamWeights,
        by state: UnsafePointer<Float>,
        _ count: Int,
        _ observer: ((Activations) -> Void)?
    ) -> Rows<UnsafePointer<Float>> {
        let changed = SharedRows(Rows(start: state, stride: width))
        route(changed.rows, weights, count, observer)
        multiply(by: weights.correction, count, observer)
        product.workers.forEach(count) { [self] row, _ in
            let (source, guess) = (changed.rows.start + row * width, predicted.start + row * stride)
            let (out, scaled) = (all.start + row * stride, routed.start + row * width)
            for stream in 0..<shape.count {
                let factor = factors.start[row * shape.count * shape.count + stream] + 1
                for index in 0..<width {
                    out[stream * width + index] =
                        (source[index] - guess[index]) * factor + guess[stream * width + index]
                }
            }
            for index in 0..<width { scaled[index] = out[index] * weights.correctedScale[index] }
        }
        return Rows(start: UnsafePointer(routed.start), stride: width)
    }

    /// Adds rows to all streams except the first.
    func addToOthers(_ rows: Rows<UnsafePointer<Float>>, _ count: Int) {
        let source = SharedRows(rows)
        product.workers.forEach(count) { [self] row, _ in
            let own = source.rows.start + row * source.rows.stride
            for stream in 1..<shape.count {
                let target = all.start + row * stride + stream * width
                for index in 0..<width { target[index] += own[index] }
            }
        }
    }

    /// Computes the mean of the streams, each projected back to the first and scaled to its length.
    /// - Parameter state: (rows, E).
    func merge(_ rows: Range<Int>, into state: UnsafeMutablePointer<Float>, _ observer: ((Activations) -> Void)?) {
        let first = all.start + rows.lowerBound * stride
        for (index, matrix) in ends.merge.enumerated() {
            let place = (index + 1) * width
            let x = Rows(start: UnsafePointer(first + place), stride: stride)
            let out = Destination(rows: Rows(start: predicted.start + place, stride: stride))
            product.multiply(x, count: rows.count, by: matrix, into: out, observer)
        }
        let (source, target) = (
            SharedRows(Rows(start: first, stride: stride)), SharedRows(Rows(start: state, stride: width))
        )
        product.workers.forEach(rows.count) { [self] row, _ in
            let (own, others) = (source.rows.start + row * stride, predicted.start + row * stride)
            let out = target.rows.start + row * width
            out.update(from: own, count: width)
            for stream in 1..<shape.count {
                let other = others + stream * width
                stretch(other, to: magnitude(UnsafePointer(own)))
                for index in 0..<width { out[index] += other[index] }
            }
            for index in 0..<width { out[index] *= 1 / Float(shape.count) }
        }
    }

    /// Computes the router's output for each row.
    private func route(
        _ x: Rows<UnsafePointer<Float>>,
        _ weights: StreamWeights,
        _ count: Int,
        _ observer: ((Activations) -> Void)?
    ) {
        let source = SharedRows(x)
        product.workers.forEach(count) { [self] row, _ in
            let out = routed.start + row * width
            apply(weights.routerNorm, source.rows.start + row * source.rows.stride, into: out)
            for index in 0..<width { out[index] *= 1 / Float(width) }
        }
        let read = Rows(start: UnsafePointer(routed.start), stride: width)
        let out = Destination(rows: Rows(start: modes.start, stride: shape.count))
        product.multiply(read, count: count, by: weights.router, into: out, observer)
        for index in 0..<(count * shape.count) { modes.start[index] = tanhf(modes.start[index]) }
    }

    /// factors = product of a matrix with the router's output.
    private func multiply(by matrix: Projection, _ count: Int, _ observer: ((Activations) -> Void)?) {
        let read = Rows(start: UnsafePointer(modes.start), stride: shape.count)
        let out = Destination(rows: Rows(start: factors.start, stride: shape.count * shape.count))
        product.multiply(read, count: count, by: matrix, into: out, observer)
    }

    private func magnitude(_ x: UnsafePointer<Float>) -> Float { product.kernels.dot(x, x, count: width).squareRoot() }

    private func stretch(_ x: UnsafeMutablePointer<Float>, to magnitude: Float) {
        let own = self.magnitude(UnsafePointer(x))
        for index in 0..<width { x[index] = x[index] * magnitude / own }
    }

    private func apply(_ weights: NormWeights, _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>) {
        weights.weight.withUnsafeBufferPointer { norm.apply(x, weights: $0, bias: weights.bias, into: out) }
    }
}
