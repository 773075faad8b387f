import BlockFormats
import GGUF
import Tensors
import Work

/// The share of an output's error that remains after rounding with feedback, measured on some rows of a matrix. Rows do
/// not depend on each other.
public enum FeedbackGain {
    /// The number of places, evenly over the matrix, from which rows are rounded.
    private static let places = 3

    /// - Parameters:
    ///   - tensor: the tensor with its target type.
    ///   - matrix: the index of the matrix in a tensor that is a stack of them.
    /// - Returns: at most 1, because a tensor without a gain is rounded as in the reference.
    /// - Throws: `QuantizationError`, or the errors of the source.
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
