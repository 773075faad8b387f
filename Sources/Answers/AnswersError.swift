/// Why a question has no answer, in addition to the errors of lower layers.
public enum AnswersError: Error, CustomStringConvertible, Sendable {
    /// The question is invalid, in words that end with what to do.
    case badRequest(String)
    /// A given file cannot be used, in words that name the place in it and end with what to do.
    case badFile(String)

    /// The error in words that end with what to do.
    public var description: String {
        switch self {
        case .badRequest(let words), .badFile(let words): words
        }
    }
}
