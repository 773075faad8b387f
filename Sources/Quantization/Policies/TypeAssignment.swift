import BinaryIO
import GGUF
import Tensors

/// The types of single tensors, by their exact names.
public struct TypeAssignment: Sendable, Equatable {
    /// By the tensor's name in the file to be made.
    public let types: [String: TensorType]

    /// An assignment of the types given, which a plan holds against its model.
    public init(_ types: [String: TensorType]) { self.types = types }

    /// The tensor's type, or nil where the assignment does not name it.
    public subscript(tensor: String) -> TensorType? { types[tensor] }

    /// The entries in the order of a file's tensors.
    var sorted: [(tensor: String, type: TensorType)] {
        types.sorted { precedesInFile($0.key, $1.key) }.map { ($0.key, $0.value) }
    }

    /// - Throws: `QuantizationProblem.assignedTensorMissing` for the first name that no tensor has.
    func check(against tensors: [GGUFTensor]) throws(QuantizationProblem) {
        if types.isEmpty { return }
        let names = Set(tensors.map(\.name))
        guard let (stranger, _) = sorted.first(where: { !names.contains($0.tensor) }) else { return }
        throw .assignedTensorMissing(stranger, nearest: Spelling.nearest(to: stranger, in: names.sorted()))
    }

    /// The type for one tensor, held against its shape.
    /// - Parameter mayChange: whether llama.cpp's rules let the tensor change its type.
    /// - Returns: nil where the assignment does not name it.
    /// - Throws: `QuantizationProblem.fixedTensor` for a change of one that must stay, and `unsuitableShape` where rows
    ///   are no whole number of blocks; an assignment has no second choice.
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
