import BinaryIO
import GGUF
import Tensors

/// The types of single tensors by their exact names.
public struct TypeAssignment: Sendable, Equatable {
    /// The types by the tensors' names in the output file.
    public let types: [String: TensorType]

    /// Creates an assignment of the given types, which a plan checks against its model.
    public init(_ types: [String: TensorType]) { self.types = types }

    /// Returns the tensor's type; nil if the assignment does not name it.
    public subscript(tensor: String) -> TensorType? { types[tensor] }

    /// The entries in the order of a file's tensors.
    var sorted: [(tensor: String, type: TensorType)] {
        types.sorted { precedesInFile($0.key, $1.key) }.map { ($0.key, $0.value) }
    }

    /// - Throws: `QuantizationProblem.assignedTensorMissing` for the first name without a tensor.
    func check(against tensors: [GGUFTensor]) throws(QuantizationProblem) {
        if types.isEmpty { return }
        let names = Set(tensors.map(\.name))
        guard let (stranger, _) = sorted.first(where: { !names.contains($0.tensor) }) else { return }
        throw .assignedTensorMissing(stranger, nearest: Spelling.nearest(to: stranger, in: names.sorted()))
    }

    /// Returns the type for one tensor, checked against its shape.
    /// - Parameter mayChange: whether llama.cpp's rules let the tensor change its type.
    /// - Returns: nil if the assignment does not name it.
    /// - Throws: `QuantizationProblem.fixedTensor` for a change of a tensor that must keep its type, and
    ///   `unsuitableShape` if rows are not a whole number of blocks; an assignment has no second choice.
    func type(of tensor: GGUFTensor, mayChange: Bool) throws(QuantizationProblem) -> TensorType? {
        guard let type = types[tensor.name] else { return nil }
        guard mayChange || type == tensor.type else {
            throw .fixedTensor(tensor.name, type: tensor.type.name, assigned: type.name)
        }
        let rowLength = tensor.shape.rowLength
        guard rowLength.isMultiple(of: type.block.elements) else {
            throw .unsuitableShape(tensor: tensor.name, type: type.name, rowLength: rowLength)
        }
        return type
    }
}
