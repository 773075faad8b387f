import Architectures
import BlockFormats
import Work

/// The tools shared by the gradients of all parts of a layer.
///
/// Throughout this folder, *change* is the gradient with respect to a part's input, and parts add to it.
struct GradientTools: Sendable {
    let kernels: Kernels
    let workers: Workers
    let memory = ScratchMemory()
    let observer = GradientObserver()
    let norm: Norm
    private let product: MatrixProduct
    private let returning: ReturnProduct

    init(_ model: LanguageModel, kernels: Kernels, workers: Workers, tokens: Int) throws(InferenceProblem) {
        (self.kernels, self.workers) = (kernels, workers)
        norm = Norm(kind: model.shape.norms.kind, epsilon: model.arithmetic.epsilon)
        let widest = model.shape.widestMatrix
        product = try MatrixProduct(kernels: kernels, workers: workers, batch: tokens, widest: widest)
        returning = try ReturnProduct(kernels: kernels, workers: workers, tokens: tokens, widest: widest)
    }

    /// out = W x + b, at the projection's place in each row.
    func multiply(_ x: TokenRows, by projection: Projection, into out: TokenRows) {
        let destination = Destination(rows: out.target)
        product.multiply(x.source, count: x.count, by: projection, into: destination, nil)
    }

    /// Passes a matrix's gradients to the observer, and adds the gradient of its input to `change`.
    /// - Parameters:
    ///   - gradient: rows that contain the gradient of the projection's output at its place.
    ///   - change: nil if nothing before the matrix has weights.
    func flowBack(_ gradient: TokenRows, through projection: Projection, input x: TokenRows, to change: TokenRows?) {
        show(gradient, of: projection, input: x)
        if let change { add(gradient, through: projection, to: change) }
    }

    /// Passes a matrix's gradients to the observer.
    func show(_ gradient: TokenRows, of projection: Projection, input x: TokenRows) {
        guard x.count > 0 else { return }
        observer.body?(MatrixGradients(projection.matrix, inputs: x, gradients: own(gradient, projection)))
    }

    /// change += gradient W
    func add(_ gradient: TokenRows, through projection: Projection, to change: TokenRows) {
        returning.add(own(gradient, projection), through: projection.matrix, to: change)
    }

    private func own(_ gradient: TokenRows, _ projection: Projection) -> TokenRows {
        gradient.columns(projection.offset..<(projection.offset + projection.matrix.rows))
    }

    /// Returns normalized rows if there are weights for it; otherwise the same rows.
    func normalized(_ x: TokenRows, _ weights: NormWeights?) throws(InferenceProblem) -> TokenRows {
        guard let weights else { return x }
        let out = try memory.rows(x.count, x.width)
        normalize(x, weights, into: out)
        return out
    }

    func normalize(_ x: TokenRows, _ weights: NormWeights, into out: TokenRows) {
        workers.forEach(x.count) { [norm] token, _ in
            weights.weight.withUnsafeBufferPointer {
                norm.apply(UnsafePointer(x[token]), weights: $0, bias: weights.bias, into: out[token])
            }
        }
    }

    /// Adds to `change` the gradient of the input of a norm at x; without a norm, the gradient itself.
    func flowBack(_ gradient: TokenRows, through weights: NormWeights?, at x: TokenRows, to change: TokenRows) {
        guard let weights else { return change.add(gradient) }
        workers.forEach(x.count) { [norm] token, _ in
            weights.weight.withUnsafeBufferPointer {
                norm.flowBack(
                    UnsafePointer(gradient[token]),
                    at: UnsafePointer(x[token]),
                    weights: $0,
                    into: change[token],
                    adds: true
                )
            }
        }
    }

    /// Replaces the gradient by that of the input of a norm at x.
    func replace(_ gradient: TokenRows, through weights: NormWeights, at x: TokenRows) {
        workers.forEach(x.count) { [norm] token, _ in
            weights.weight.withUnsafeBufferPointer {
                let own = gradient[token]
                norm.flowBack(UnsafePointer(own), at: UnsafePointer(x[token]), weights: $0, into: own)
            }
        }
    }
}

/// A part of a layer that was computed again from its input, with the numbers that its gradients need.
protocol RecordedPart {
    /// Writes the part's output: (T, E).
    func give(into out: TokenRows) throws

    /// Passes the gradients of the part's matrices to the observer, and adds the gradient of the part's input to
    /// `change`.
    /// - Parameter gradient: with respect to the part's output: (T, E). It may be overwritten.
    /// - Throws: `InferenceProblem.outOfMemory`.
    func flowBack(_ gradient: TokenRows, to change: TokenRows) throws
}
