/// Where the types of a build's tensors come from.
public enum TypePolicy: Sendable, Equatable {
    /// llama.cpp's mix for a file type, as `QuantizationOptions` bend it.
    case mix(FileType)
    /// An assignment by tensor name. Tensors that it does not name follow the base mix and the options, and the file says
    /// the base's number as its file type, as a file of llama-quantize's with types of its own does.
    case recipe(String, TypeAssignment, base: FileType)

    /// What the build is called.
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

    /// Empty for a mix.
    var assignment: TypeAssignment {
        switch self {
        case .mix: TypeAssignment([:])
        case .recipe(_, let assignment, _): assignment
        }
    }

    /// - Throws: `QuantizationProblem.badRecipeName` for a name that breaks the grammar or is a mix's.
    func check() throws(QuantizationProblem) {
        guard case .recipe(let name, _, _) = self else { return }
        guard BuildType(name: name) == .recipe(name) else { throw .badRecipeName(name) }
    }
}
