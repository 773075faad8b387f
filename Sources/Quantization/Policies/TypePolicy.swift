/// The source of the types of a build's tensors.
public enum TypePolicy: Sendable, Equatable {
    /// llama.cpp's mix for a file type, as modified by `QuantizationOptions`.
    case mix(FileType)
    /// An assignment by tensor name. Tensors that it does not name follow the base mix and the options, and the file
    /// contains the base's number as its file type, as in llama-quantize's files with custom types.
    case recipe(String, TypeAssignment, base: FileType)

    /// The name of the build's type.
    public var buildType: BuildType {
        switch self {
        case .mix(let type): .mix(type)
        case .recipe(let name, _, _): .recipe(name)
        }
    }

    /// The mix of the tensors that nothing else names; its number is written as `general.file_type`.
    public var fileType: FileType {
        switch self {
        case .mix(let type), .recipe(_, _, let type): type
        }
    }

    /// The assignment; empty for a mix.
    var assignment: TypeAssignment {
        switch self {
        case .mix: TypeAssignment([:])
        case .recipe(_, let assignment, _): assignment
        }
    }

    /// - Throws: `QuantizationProblem.badRecipeName` for a name that violates the grammar or is a mix's.
    func check() throws(QuantizationProblem) {
        guard case .recipe(let name, _, _) = self else { return }
        guard BuildType(name: name) == .recipe(name) else { throw .badRecipeName(name) }
    }
}
