import Architectures
import BlockFormats

/// Chooses the experts of a token, and their weights, from a router's scores.
struct ExpertChoice: Sendable {
    /// The choice for one token.
    struct Found {
        /// The experts, the best first.
        let experts: [Int]
        /// The weight of each: gate divided by `divisor`, times the expert's scale.
        let weights: [Float]
        /// The gates of the chosen experts.
        let gates: [Float]
        /// The divisor of the gates.
        let divisor: Float
    }

    private let shape: ExpertShape
    private let bias: [Float]
    private let scales: [Float]
    private let kernels: Kernels

    /// The smallest divisor, which keeps the weights of experts finite when all are zero; the smallest normal number of
    /// half precision.
    static let leastSum: Float = 6.103515625e-5

    init(_ shape: ExpertShape, _ weights: ExpertWeights, _ kernels: Kernels) {
        (self.shape, bias, scales) = (shape, weights.choiceBias, weights.partScales)
        self.kernels = kernels
    }

    /// - Parameter scores: the router's score of each expert; afterwards their gates, if all have one.
    func choose(_ scores: UnsafeMutableBufferPointer<Float>) -> Found {
        if shape.gating != .softmaxOfChosen { gate(scores, shape.gating) }
        let ranks = scores.indices.map { bias.isEmpty ? scores[$0] : scores[$0] + bias[$0] }
        // Among equal ranks, the first expert wins.
        let best = ranks.indices.sorted { (ranks[$1], $0) < (ranks[$0], $1) }.prefix(shape.usedCount)
        var gates = best.map { scores[$0] }
        if shape.gating == .softmaxOfChosen { gates.withUnsafeMutableBufferPointer { gate($0, .softmax) } }
        let divisor = shape.normalizesWeights ? max(gates.reduce(0, +), Self.leastSum) : 1
        let weights = zip(best, gates).map { $1 / divisor * scale(of: $0) }
        return Found(experts: Array(best), weights: weights, gates: gates, divisor: divisor)
    }

    /// Returns the factor of an expert's output.
    func scale(of expert: Int) -> Float { scales.isEmpty ? 1 : scales[expert] }

    private func gate(_ scores: UnsafeMutableBufferPointer<Float>, _ gating: ExpertShape.Gating) {
        switch gating {
        case .softmax, .softmaxOfChosen:
            let largest = kernels.max(UnsafeBufferPointer(scores))
            let sum = kernels.exponentiate(scores, shift: largest, scale: 1)
            let factor = Float(1 / sum)
            for index in scores.indices { scores[index] *= factor }
        case .sigmoid:
            for index in scores.indices { scores[index] = sigmoid(scores[index]) }
        }
    }
}
