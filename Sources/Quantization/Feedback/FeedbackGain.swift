import BlockFormats
import GGUF
import Tensors
import Work

/// The part of an output's error that rounding with feedback leaves, by some rows of a matrix. Rows do not depend on each other.
public enum FeedbackGain {
    /// Rows that are rounded are in so many places, evenly over the matrix.
    private static let places = 3

    /// - Parameters:
    ///   - tensor: what it becomes.
    ///   - matrix: which of its matrices, where it is a stack of them.
    /// - Returns: at most 1, since a tensor that gains nothing is rounded as the reference does.
    /// - Throws: `QuantizationError`, or what the source throws.
    public static func remainder(
        of tensor: PlannedTensor,
        in source: any ModelSource,
        matrix: Int,
        _ fit: FeedbackTensor.Fit,
        kernels: Kernels,
        threads: Int
    ) throws -> Double {
        let count = tensor.source.shape.dimensions.dropFirst().first ?? 1
        let size = FeedbackRounding.rowsAtATime
        let rounding = FeedbackRounding(to: tensor.target.type, basis: fit.basis, kernels: kernels)
        let rows = TensorRows(tensor: tensor, file: nil, kernels: kernels)
        let firsts = Set((0..<places).map { max(0, min(count - size, count * (2 * $0 + 1) / (2 * places) - size / 2)) })
        let outcomes = try QuantizationError.naming(source.path) {
            try firsts.sorted().concurrentMap(threads: threads) { first in
                let own = (matrix * count + first)..<(matrix * count + min(first + size, count))
                return try rows.round(own, matrix, source.makeReader(), rounding, fit.held)
            }
        }
        let sum = outcomes.reduce(RowOutcome(), +)
        guard sum.isUsable, sum.plainError > 0 else { return 1 }
        return min(1, sum.error / sum.plainError)
    }
}
