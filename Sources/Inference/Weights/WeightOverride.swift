import BlockFormats
import GGUF
import Tensors

/// Another file's weights that replace one tensor of a model, to measure their effect.
public struct WeightOverride: Sendable {
    let tensor: GGUFTensor
    /// Keeps the mapping alive.
    let file: GGUFFile

    /// - Precondition: the tensor belongs to the file, and its type can be decoded.
    public init(_ tensor: GGUFTensor, in file: GGUFFile) {
        precondition(BlockCodec.canDecode(tensor.type), "\(tensor.type.name) cannot be decoded")
        (self.tensor, self.file) = (tensor, file)
    }
}

/// The current override, visible to all parts of a pass.
///
/// Unchecked: changed between passes only.
final class OverrideSlot: @unchecked Sendable {
    var current: WeightOverride?

    /// Returns the matrix after the override.
    func matrix(_ matrix: WeightMatrix) -> WeightMatrix {
        guard let current, current.tensor.name == matrix.name else { return matrix }
        let stack = current.tensor.shape.rowCount / matrix.rows
        let other = WeightMatrix(current.tensor, in: current.file, index: matrix.index, of: stack)
        precondition(other.rows == matrix.rows && other.columns == matrix.columns, "weights of another shape")
        return other
    }
}
