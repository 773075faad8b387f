import Architectures
import Work

/// A dense network and a mixture of experts, side by side: norm(dense(norm(x))) + norm(experts(norm(x))).
///
/// The router reads x itself, normalized to a mean square of one over its width and scaled element by element.
///
/// Letters: T tokens of the batch, E embedding length.
struct BothNetworks {
    private let width: Int
    private let product: MatrixProduct
    private let dense: DenseNetwork
    private let experts: ExpertNetwork
    private let norm: Norm
    private let ones: [Float]
    private let input: FloatBuffer  // (T, E), the experts' input
    private let routed: FloatBuffer  // (T, E), the router's input
    private let part: FloatBuffer  // (T, E), the experts' output

    init(
        _ model: LanguageModel,
        product: MatrixProduct,
        dense: DenseNetwork,
        experts: ExpertNetwork,
        batch: Int
    ) throws(InferenceProblem) {
        width = model.shape.embeddingLength
        (self.product, self.dense, self.experts) = (product, dense, experts)
        norm = Norm(kind: model.shape.norms.kind, epsilon: model.arithmetic.epsilon)
        let isUsed = model.shape.layers.contains { if case .both = $0.network { true } else { false } }
        let count = isUsed ? batch * width : 0
        ones = Array(repeating: 1, count: isUsed ? width : 0)
        input = try FloatBuffer(count: count, purpose: "scratch memory")
        routed = try FloatBuffer(count: count, purpose: "scratch memory")
        part = try FloatBuffer(count: count, purpose: "scratch memory")
    }

    /// - Parameters:
    ///   - state: the input of both, before any norm: (T, E), contiguous.
    ///   - x: the state after the dense network's norm.
    ///   - out: (T, E), contiguous.
    func run(
        _ weights: BothNetworksWeights,
        _ state: UnsafePointer<Float>,
        _ x: Rows<UnsafePointer<Float>>,
        count: Int,
        into out: UnsafeMutablePointer<Float>,
        _ observer: ((Activations) -> Void)?
    ) {
        dense.run(weights.dense, x, count: count, into: Destination(rows: Rows(start: out, stride: width)), observer)
        let (states, target) = (
            SharedRows(Rows(start: state, stride: width)), SharedRows(Rows(start: out, stride: width))
        )
        product.workers.forEach(count) { [self] row, _ in
            let (source, place) = (states.rows.start + row * width, row * width)
            apply(weights.densePostNorm, UnsafePointer(target.rows.start + place), into: target.rows.start + place)
            apply(weights.expertsNorm, source, into: input.start + place)
            ones.withUnsafeBufferPointer { norm.apply(source, weights: $0, into: routed.start + place) }
            let scale = 1 / Float(width).squareRoot()
            for index in 0..<width { routed.start[place + index] *= scale }
            for index in 0..<width { routed.start[place + index] *= weights.experts.routerScale[index] }
        }
        experts.run(
            weights.experts,
            Rows(start: UnsafePointer(input.start), stride: width),
            routed: Rows(start: UnsafePointer(routed.start), stride: width),
            count: count,
            into: Destination(rows: Rows(start: part.start, stride: width)),
            observer
        )
        product.workers.forEach(count) { [self] row, _ in
            let own = part.start + row * width
            apply(weights.expertsPostNorm, UnsafePointer(own), into: own)
            for index in 0..<width { target.rows.start[row * width + index] += own[index] }
        }
    }

    private func apply(
        _ weights: NormWeights,
        _ x: UnsafePointer<Float>,
        into out: UnsafeMutablePointer<Float>
    ) {
        weights.weight.withUnsafeBufferPointer { norm.apply(x, weights: $0, bias: weights.bias, into: out) }
    }
}
