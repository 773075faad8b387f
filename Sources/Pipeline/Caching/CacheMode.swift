import SystemPackage
import Transfer

/// How a run uses the cache.
public enum CacheMode: String, Sendable, CaseIterable {
    /// Read the cache, and store new products.
    case on
    /// Neither read nor store.
    case off
    /// Make everything again, and store it.
    case refresh
    /// Read the cache, and store nothing.
    case readonly

    /// Whether products are read from the cache.
    var reads: Bool { self == .on || self == .readonly }
    /// Whether products are stored in the cache.
    package var writes: Bool { self == .on || self == .refresh }
}

/// Where and how a run stores products.
public struct CacheOptions: Sendable {
    /// The place of the cache.
    public enum Place: Sendable, Equatable {
        /// A folder, on this machine or on a shared file system.
        case folder(FilePath)
        /// A cache server, by its address.
        case server(String)

        /// Reads a folder's path, or an address that begins with `http://` or `https://`.
        public init(_ text: String) {
            let lower = text.lowercased()
            self = lower.hasPrefix("http://") || lower.hasPrefix("https://") ? .server(text) : .folder(FilePath(text))
        }

        /// Whether the address means a different server on every machine: its own.
        package var isEachMachinesOwn: Bool {
            guard case .server(let text) = self else { return false }
            return HTTPAddress(text)?.isLocal ?? false
        }
    }

    /// The place of the cache; nil for the folder beside the registry.
    public var place: Place?
    /// How the run uses the cache.
    public var mode = CacheMode.on
    /// The most bytes that the folder may hold after a run; nil for no limit.
    public var sizeLimit: Int?
    /// Whether the run ends with the server's error if the server does not answer.
    package var mustAnswer = false
    /// The number of requests to a server that does not answer, at least one; nil for a few within a second.
    package var tries: Int?
    /// Whether only the server counts: nothing is fetched, and the local folder is ignored, because other machines
    /// cannot read it.
    package var asksServerAlone = false
    /// The folder that records digests of external files; nil for the local folder. Machines without a common cache
    /// folder may share this one.
    package var inputs: FilePath?

    /// Uses the folder beside the registry, without a limit.
    public init() {}
}
