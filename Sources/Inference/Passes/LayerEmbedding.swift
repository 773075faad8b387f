import Architectures
import BlockFormats
import Work

/// Embeddings of tokens for each layer: looked up, combined with a part of the first hidden state, and added at the end
/// of their layer.
///
/// Source: per-layer embeddings as in Gemma 3n and Gemma 4 (Google, 2025 and 2026).
///
/// Letters: T tokens of the batch, E embedding length, L layers, P elements for a layer.
struct LayerEmbedding {
    private let weights: LayerEmbeddingWeights?
    private let product: MatrixProduct
    private let norm: Norm
    private let width: Int
    private let length: Int
    private let layerCount: Int
    private let all: FloatBuffer  // (T, L P)
    private let rows: FloatBuffer  // (W, L P), one token's row for each of W threads
    private let gated: FloatBuffer  // (T, P)
    private let part: FloatBuffer  // (T, E)

    init(_ model: LanguageModel, product: MatrixProduct, batch: Int) throws(InferenceProblem) {
        weights = model.layerEmbedding
        self.product = product
        norm = Norm(kind: model.shape.norms.kind, epsilon: model.arithmetic.epsilon)
        (width, length) = (model.shape.embeddingLength, model.shape.layerInputLength)
        layerCount = model.shape.layers.count
        all = try FloatBuffer(count: batch * layerCount * length, purpose: "scratch memory")
        rows = try FloatBuffer(count: product.workers.count * layerCount * length, purpose: "scratch memory")
        gated = try FloatBuffer(count: batch * length, purpose: "scratch memory")
        part = try FloatBuffer(count: length > 0 ? batch * width : 0, purpose: "scratch memory")
    }

    /// Whether the model has such embeddings.
    var isUsed: Bool { weights != nil }

    /// Computes the embeddings for all layers.
    /// - Parameter state: the scaled embeddings of the tokens, (T, E).
    func prepare(_ tokens: [Int32], _ state: UnsafePointer<Float>, _ observer: ((Activations) -> Void)?) {
        guard let weights else { return }
        let stride = layerCount * length
        let out = Destination(rows: Rows(start: all.start, stride: stride))
        let x = Rows(start: state, stride: width)
        product.multiply(x, count: tokens.count, by: weights.projection, into: out, observer)
        let table = product.overrides.matrix(weights.table)
        let (projectionScale, tableScale) = (1 / Float(width).squareRoot(), Float(length).squareRoot())
        let sumScale = 1 / Float(2).squareRoot()
        product.workers.forEach(tokens.count) { [self] index, worker in
            let token = Int(tokens[index])
            let own = table.rows(token..<(token + 1), scratch: rows.start + worker * stride)
            let target = all.start + index * stride
            for element in 0..<stride { target[element] *= projectionScale }
            for layer in 0..<layerCount { normalize(weights.norm, target + layer * length) }
            for element in 0..<stride {
                target[element] = (target[element] + own[element] * tableScale) * sumScale
            }
        }
    }

    /// state += part, for the tokens in `rows`, which come first in `state`.
    func add(
        to state: UnsafeMutablePointer<Float>,
        layer: Int,
        _ weights: LayerInputWeights,
        rows: Range<Int>,
        _ observer: ((Activations) -> Void)?
    ) {
        let target = SharedRows(Rows(start: state, stride: width))
        let x = Rows(start: UnsafePointer(state), stride: width)
        let source = SharedRows(part(of: x, layer: layer, weights, rows: rows, observer))
        product.workers.forEach(rows.count) { [self] row, _ in
            let own = source.rows.start + row * width
            for index in 0..<width { target.rows.start[row * width + index] += own[index] }
        }
    }

    /// norm(projection(gelu(gate(x)) * embedding)), for the tokens in `rows`, which come first in `x`.
    func part(
        of x: Rows<UnsafePointer<Float>>,
        layer: Int,
        _ weights: LayerInputWeights,
        rows: Range<Int>,
        _ observer: ((Activations) -> Void)?
    ) -> Rows<UnsafePointer<Float>> {
        let hidden = Rows(start: gated.start, stride: length)
        product.multiply(x, count: rows.count, by: weights.gate, into: Destination(rows: hidden), observer)
        product.workers.forEach(rows.count) { [self] row, _ in
            let own = all.start + ((rows.lowerBound + row) * layerCount + layer) * length
            product.kernels.gelu(gated.start + row * length, times: UnsafePointer(own), count: length)
        }
        let activated = Rows(start: UnsafePointer(gated.start), stride: length)
        let out = Destination(rows: Rows(start: part.start, stride: width))
        product.multiply(activated, count: rows.count, by: weights.projection, into: out, observer)
        product.workers.forEach(rows.count) { [self] row, _ in normalize(weights.norm, part.start + row * width) }
        return Rows(start: UnsafePointer(part.start), stride: width)
    }

    private func normalize(_ weights: NormWeights, _ x: UnsafeMutablePointer<Float>) {
        weights.weight.withUnsafeBufferPointer {
            norm.apply(UnsafePointer(x), weights: $0, bias: weights.bias, into: x)
        }
    }
}
