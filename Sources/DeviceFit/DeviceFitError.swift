/// Why a fit could not be estimated, and what to do.
public enum DeviceFitError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownDevice(String, suggestions: [String])
    case unreadableSize(String)
    case invalidRequest(String)
    /// The catalogue that is built into the program does not follow its own rules.
    case malformedCatalogue(table: String, line: Int, detail: String)

    public var description: String {
        switch self {
        case .unknownDevice(let id, let suggestions):
            "there is no device \"\(id)\" in the catalogue. "
                + (suggestions.isEmpty ? "" : "Did you mean \(suggestions.joined(separator: ", "))? ")
                + "`edgepipe devices` lists all."
        case .unreadableSize(let text):
            "\"\(text)\" is no size. Write a number with a unit, such as 3GB (3000000000 bytes) or 512MiB "
                + "(536870912 bytes)."
        case .invalidRequest(let detail): detail
        case .malformedCatalogue(let table, let line, let detail):
            "\(table), line \(line): \(detail). This is a fault of the program; please report it."
        }
    }
}
