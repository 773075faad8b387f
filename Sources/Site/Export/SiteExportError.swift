import BinaryIO
import SystemPackage

/// The reason why a site could not be written.
public enum SiteExportError: Error, Equatable, CustomStringConvertible, Sendable {
    /// Another export is writing the same folder.
    case busy(FilePath)
    /// A file that no export wrote has the name of a page.
    case foreignFile(FilePath)
    /// The list of the site's files cannot be read.
    case unreadableList(FilePath, detail: String)
    /// A text that is not the address of a site.
    case badAddress(String)
    /// The registry kept changing while its site was written.
    case restless(FilePath)

    /// A message that ends with what to do.
    public var description: String {
        switch self {
        case .busy(let folder):
            "\(folder): another export is writing this site. Run the same command again when it is done."
        case .foreignFile(let path):
            "\(path): no export wrote this file, and the site needs its name. Move it away, or choose another folder."
        case .unreadableList(let path, let detail):
            "\(path): cannot read the list of the site's files: \(detail). Export into a new folder."
        case .badAddress(let text):
            "'\(text)' is not the address of a site. Give \(setting: "base-url", "https://host/path"), without ? or #."
        case .restless(let folder):
            "\(folder): builds were published faster than the site could be written. Run the same command again."
        }
    }

    /// Whether the request itself is invalid.
    public var isBadRequest: Bool { if case .badAddress = self { true } else { false } }
}
