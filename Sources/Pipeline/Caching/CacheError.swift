import BinaryIO
import SystemPackage

/// Why a cache cannot be used.
public enum CacheError: Error, CustomStringConvertible, Sendable {
    /// A given folder cannot be made, read or written.
    case unusable(FilePath, reason: String)
    /// A given server cannot be used.
    case badServer(String, reason: String)
    /// A server does not answer, or cannot serve the request at the moment.
    case away(String, reason: String)
    /// A server holds other bytes than a file's name promises.
    case otherBytes(String, SHA256Digest)
    /// A server was given, but a folder is required.
    case noFolder(String)
    /// A result that was taken from the cache has since disappeared.
    case vanished(step: String)

    /// The error in words that end with what to do.
    public var description: String {
        switch self {
        case .unusable(let path, let reason):
            "the cache \(path) cannot be used: \(reason). Choose another folder with \(setting: "cache"), or leave the cache alone "
                + "with \(setting: "cache-mode") off."
        case .badServer(let address, let reason):
            "the cache \(address) cannot be used: \(reason). Check the address, or leave out \(setting: "cache")."
        case .away(let address, let reason):
            "the cache \(address) cannot be used: \(reason). Check that the server runs and that the address is right; cached results are kept."
        case .otherBytes(let address, let digest):
            "the cache \(address) holds other bytes as cas/\(digest) than that name promises. Delete that file on the server, and "
                + "run the same command again."
        case .noFolder(let address):
            "\(address) is a server, and this works on a folder. Give a folder with \(setting: "cache")."
        case .vanished(let step):
            "a result of step '\(step)' was in the cache when the run began and is gone now. Run the same command again: "
                + "what is missing is made."
        }
    }
}
