import Architectures
import Work

/// A short convolution as a layer's mixer, which sees a few tokens: out(c * convolution(b * x)); b, c and x are
/// products with one matrix.
///
/// Source: Liquid AI, "LFM2", 2025.
///
/// Letters: T tokens of the batch, E embedding length, L tokens that the convolution sees.
struct ShortConvolutionMixer {
    private let state: SequenceState
    private let product: MatrixProduct
    private let mixed: FloatBuffer  // (T, 3 E)
    private let gated: FloatBuffer  // (L - 1 + T, E), those of the previous tokens first
    private let convolved: FloatBuffer  // (T, E)

    init(_ model: ModelShape, state: SequenceState, product: MatrixProduct, batch: Int) throws(InferenceProblem) {
        (self.state, self.product) = (state, product)
        let longest = model.layers.compactMap(\.shortConvolution).map(\.length).max()
        let (width, kept, rows) = (model.embeddingLength, (longest ?? 1) - 1, longest == nil ? 0 : batch)
        mixed = try FloatBuffer(count: rows * 3 * width, purpose: "scratch memory")
        gated = try FloatBuffer(count: (kept + rows) * width, purpose: "scratch memory")
        convolved = try FloatBuffer(count: rows * width, purpose: "scratch memory")
    }

    func run(
        _ layer: Int,
        _ weights: ShortConvolutionWeights,
        _ shape: ShortConvolutionShape,
        _ x: Rows<UnsafePointer<Float>>,
        _ positions: Range<Int>,
        _ rows: Range<Int>,
        into destination: Destination,
        _ observer: ((Activations) -> Void)?
    ) {
        let (count, width, length) = (positions.count, shape.width, shape.length)
        let kept = length - 1
        let out = Destination(rows: Rows(start: mixed.start, stride: 3 * width))
        product.multiply(x, count: count, by: weights.input, into: out, observer)
        let state = state.constant(layer)
        // Nothing precedes the first token.
        if positions.lowerBound == 0 { state.start.update(repeating: 0, count: kept * width) }
        gated.start.update(from: state.start, count: kept * width)
        product.workers.forEach(count) { [self] row, _ in
            let source = mixed.start + row * 3 * width
            let target = gated.start + (kept + row) * width
            for index in 0..<width { target[index] = source[index] * source[2 * width + index] }
        }
        product.workers.forEach(count) { [self] row, _ in
            let gate = mixed.start + row * 3 * width + width
            for index in 0..<width {
                var sum: Float = 0
                for tap in 0..<length {
                    sum += gated.start[(row + tap) * width + index] * weights.kernel[index * length + tap]
                }
                convolved.start[row * width + index] = gate[index] * sum
            }
        }
        state.start.update(from: gated.start + count * width, count: kept * width)
        let result = Rows(start: UnsafePointer(convolved.start + rows.lowerBound * width), stride: width)
        product.multiply(result, count: rows.count, by: weights.output, into: destination, observer)
    }
}
