import Architectures
import BlockFormats
import Work

/// A mixture of experts: each token passes through the few networks that a router chooses for it, and in some families
/// through a shared one.
///
/// Source: Shazeer et al., "Outrageously Large Neural Networks", 2017; Jiang et al., "Mixtral of Experts", 2024.
///
/// Letters: T tokens of the batch, E embedding length, N experts.
struct ExpertNetwork {
    private let width: Int
    private let shape: ExpertShape?
    private let product: MatrixProduct
    private let dense: DenseNetwork
    private let scores: FloatBuffer  // (T, N)
    private let input: FloatBuffer  // (T, E), of one expert's tokens
    private let output: FloatBuffer  // (T, E), of one expert's tokens
    private let sums: FloatBuffer  // (T, E)

    private struct Choice {
        let row: Int
        let weight: Float
    }

    init(_ model: ModelShape, product: MatrixProduct, dense: DenseNetwork, batch: Int) throws(InferenceProblem) {
        width = model.embeddingLength
        shape = model.experts
        (self.product, self.dense) = (product, dense)
        let rows = model.experts == nil ? 0 : batch
        scores = try FloatBuffer(count: rows * (model.experts?.count ?? 0), purpose: "scratch memory")
        input = try FloatBuffer(count: rows * width, purpose: "scratch memory")
        output = try FloatBuffer(count: rows * width, purpose: "scratch memory")
        sums = try FloatBuffer(count: rows * width, purpose: "scratch memory")
    }

    /// - Parameter routed: the router's input; nil for that of the experts.
    func run(
        _ weights: ExpertWeights,
        _ x: Rows<UnsafePointer<Float>>,
        routed: Rows<UnsafePointer<Float>>? = nil,
        count: Int,
        into destination: Destination,
        _ observer: ((Activations) -> Void)?
    ) {
        guard let shape else { return }
        let table = Destination(rows: Rows(start: scores.start, stride: shape.count))
        product.multiply(routed ?? x, count: count, by: weights.router, into: table, observer)
        sums.start.update(repeating: 0, count: count * width)
        let results = Rows(start: output.start, stride: width)
        let chosen = choose(count, weights, shape)
        for (choices, expert) in zip(chosen, weights.experts) where !choices.isEmpty {
            for (place, choice) in choices.enumerated() {
                (input.start + place * width).update(from: x.start + choice.row * x.stride, count: width)
            }
            let own = Rows(start: UnsafePointer(input.start), stride: width)
            dense.run(expert, own, count: choices.count, into: Destination(rows: results), observer)
            add(choices)
        }
        if let shared = weights.shared {
            dense.run(shared, x, count: count, into: Destination(rows: results), observer)
            add(shares(x, count, weights.sharedGate, observer))
        }
        for row in 0..<count {
            let (source, target) = (sums.start + row * width, destination.rows.start + row * destination.rows.stride)
            for index in 0..<width { target[index] = (destination.adds ? target[index] : 0) + source[index] }
        }
    }

    /// Returns the rows that each expert processes, with the weights of its outputs.
    private func choose(_ count: Int, _ weights: ExpertWeights, _ shape: ExpertShape) -> [[Choice]] {
        let choice = ExpertChoice(shape, weights, product.kernels)
        var chosen = [[Choice]](repeating: [], count: shape.count)
        for row in 0..<count {
            let own = UnsafeMutableBufferPointer(start: scores.start + row * shape.count, count: shape.count)
            let found = choice.choose(own)
            for (expert, weight) in zip(found.experts, found.weights) {
                chosen[expert].append(Choice(row: row, weight: weight))
            }
        }
        return chosen
    }

    /// Returns the factor of the shared expert for each token.
    private func shares(
        _ x: Rows<UnsafePointer<Float>>,
        _ count: Int,
        _ gate: Projection?,
        _ observer: ((Activations) -> Void)?
    ) -> [Choice] {
        guard let gate else { return (0..<count).map { Choice(row: $0, weight: 1) } }
        // The router's scores are no longer needed.
        product.multiply(
            x,
            count: count,
            by: gate,
            into: Destination(rows: Rows(start: scores.start, stride: 1)),
            observer
        )
        return (0..<count).map { Choice(row: $0, weight: sigmoid(scores.start[$0])) }
    }

    /// Adds the rows of `output`, weighted, to the chosen rows of `sums`.
    private func add(_ choices: [Choice]) {
        product.workers.forEach(choices.count) { [self] place, _ in
            let (source, target) = (output.start + place * width, sums.start + choices[place].row * width)
            for index in 0..<width { target[index] += choices[place].weight * source[index] }
        }
    }
}
