import SystemPackage
import Transfer

/// What a run does with the cache.
public enum CacheMode: String, Sendable, CaseIterable {
    /// Take what is there, and keep what is made.
    case on
    /// Neither.
    case off
    /// Make everything again, and keep it.
    case refresh
    /// Take what is there, and keep nothing.
    case readonly

    /// Whether products are taken from the cache.
    var reads: Bool { self == .on || self == .readonly }
    /// Whether products go into the cache.
    package var writes: Bool { self == .on || self == .refresh }
}

/// Where a run keeps products, and how.
public struct CacheOptions: Sendable {
    /// Where the cache is.
    public enum Place: Sendable, Equatable {
        /// A folder, on this machine or on a file system that several share.
        case folder(FilePath)
        /// A server of caches, by its address.
        case server(String)

        /// A folder's path, or an address that begins with `http://` or `https://`.
        public init(_ text: String) {
            let lower = text.lowercased()
            self = lower.hasPrefix("http://") || lower.hasPrefix("https://") ? .server(text) : .folder(FilePath(text))
        }

        /// Whether every machine finds another server under this address: its own.
        package var isEachMachinesOwn: Bool {
            guard case .server(let text) = self else { return false }
            return HTTPAddress(text)?.isLocal ?? false
        }
    }

    /// nil for the folder beside the registry.
    public var place: Place?
    /// What the run does with it.
    public var mode = CacheMode.on
    /// The most that the folder may hold after a run, in bytes; nil for no limit.
    public var sizeLimit: Int?
    /// Whether nothing is worth doing while a server does not answer: the run ends then with its error.
    package var mustAnswer = false
    /// How often a server that does not answer is asked, at least once; nil for a few times within a second.
    package var tries: Int?
    /// Whether a server is asked for itself alone: nothing is fetched, and what is near by does not count, since others cannot take it.
    package var asksServerAlone = false
    /// Where digests of files outside are remembered; nil for the folder near by. Machines that share no cache folder may share this.
    package var inputs: FilePath?

    /// The folder beside the registry, without a limit.
    public init() {}
}
