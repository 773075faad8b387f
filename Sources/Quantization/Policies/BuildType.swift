import BinaryIO

/// The name of a build's quantization: a mix of llama.cpp's, or a recipe with its own name.
public enum BuildType: Hashable, Sendable, CustomStringConvertible {
    /// The types follow llama.cpp's rules for a file type.
    case mix(FileType)
    /// The types were assigned tensor by tensor. The name obeys `NameGrammar` and is not a mix's.
    case recipe(String)

    /// Reads a mix in any spelling that `FileType` accepts, or the name of a recipe in lower case.
    /// - Returns: nil for a name that violates the grammar.
    public init?(name: some StringProtocol) {
        if let type = FileType(name: name) {
            self = .mix(type)
        } else if NameGrammar.accepts(name) {
            self = .recipe(String(name))
        } else {
            return nil
        }
    }

    /// The name as written in build names: "q4_k_m".
    public var tag: String {
        switch self {
        case .mix(let type): type.tag
        case .recipe(let name): name
        }
    }

    /// The tag.
    public var description: String { tag }
}
