import BinaryIO

/// Why a fit could not be estimated, and what to do.
public enum DeviceFitError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownDevice(String, suggestions: [String])
    case ambiguousDevice(String, ids: [String])
    case unknownPlatform(String)
    /// A system version was given without a device that runs it.
    case systemWithoutDevice
    case unreadableSize(String)
    /// The size of an app or a model is below a megabyte.
    case smallSize(String, bytes: Int)
    case invalidRequest(String)
    /// The catalogue that is built into the program breaks its own rules.
    case malformedCatalogue(table: String, line: Int, detail: String)

    /// The error in words that end with what to do.
    public var description: String {
        switch self {
        case .unknownDevice(let id, let suggestions):
            "there is no device \"\(id)\" in the catalogue. "
                + (suggestions.isEmpty ? "" : "Did you mean \(suggestions.joined(separator: ", "))? ")
                + "`edgepipe devices` lists all."
        case .ambiguousDevice(let name, let ids):
            "\"\(name)\" may be any of \(ids.joined(separator: ", ")). Name one of them."
        case .unknownPlatform(let name):
            "'\(name)' is not a known platform. \(Spelling.advice(for: name, among: Platform.allCases.map(\.rawValue)))"
        case .systemWithoutDevice:
            "\(setting: "os") needs \(setting: "device"): what an app may use depends on the device too."
        case .smallSize(let text, let bytes):
            "\"\(text)\" is \(bytes) bytes, too few for a model. Add a unit, such as \(Self.withUnit(text))."
        case .unreadableSize(let text):
            "\"\(text)\" is not a size. Write a number with a unit, such as 3GB (3000000000 bytes) or 512MiB "
                + "(536870912 bytes)."
        case .invalidRequest(let detail): detail
        case .malformedCatalogue(let table, let line, let detail):
            "\(table), line \(line): \(detail). This is a fault of the program; please report it."
        }
    }

    private static func withUnit(_ text: String) -> String { Double(text) == nil ? "3GB" : "\(text)GB" }
}
