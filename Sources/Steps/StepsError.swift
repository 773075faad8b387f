/// The reason why a step or its command cannot do what was requested, beyond the errors of the modules below.
public enum StepsError: Error, CustomStringConvertible, Sendable {
    /// An invalid request, with what to do.
    case badRequest(String)
    /// An unusable file, with the place in it and what to do.
    case badFile(String)

    /// The reason, followed by what to do.
    public var description: String {
        switch self {
        case .badRequest(let words), .badFile(let words): words
        }
    }
}
