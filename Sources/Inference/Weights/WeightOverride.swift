import BlockFormats
import GGUF
import Tensors

/// Another file's weights in the place of one tensor of a model, to see what they change.
public struct WeightOverride: Sendable {
    let tensor: GGUFTensor
    /// Keeps the mapping alive.
    let file: GGUFFile

    /// - Precondition: the tensor is the file's, and its type can be decoded.
    public init(_ tensor: GGUFTensor, in file: GGUFFile) {
        precondition(BlockCodec.canDecode(tensor.type), "\(tensor.type.name) cannot be decoded")
        (self.tensor, self.file) = (tensor, file)
    }
}

/// The override that is in force, for all parts of a pass to see.
///
/// Unchecked: changed between passes only.
final class OverrideSlot: @unchecked Sendable {
    var current: WeightOverride?

    /// The matrix as it is in force.
    func matrix(_ matrix: WeightMatrix) -> WeightMatrix {
        guard let current, current.tensor.name == matrix.name else { return matrix }
        let stack = current.tensor.shape.rowCount / matrix.rows
        let other = WeightMatrix(current.tensor, in: current.file, index: matrix.index, of: stack)
        precondition(other.rows == matrix.rows && other.columns == matrix.columns, "weights of another shape")
        return other
    }
}
