/// Why a question has no answer, beyond what the rooms below say.
public enum AnswersError: Error, CustomStringConvertible, Sendable {
    /// A question that cannot be asked so, in words that end with what to do.
    case badRequest(String)
    /// A file that was given and cannot be used, in words that name the place in it and end with what to do.
    case badFile(String)

    /// In words that end with what to do.
    public var description: String {
        switch self {
        case .badRequest(let words), .badFile(let words): words
        }
    }
}
