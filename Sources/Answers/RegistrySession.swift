import BinaryIO
import DeviceFit
import Registry
import Synchronization
import SystemPackage

/// One opened registry and the catalogue of devices, of which everything is asked that a registry can answer.
///
/// Several threads may ask the same session at once, while other sessions and processes publish: each answer sees what was
/// published by the time its reads begin. What questions have in common is decoded once and kept, up to a limit.
public final class RegistrySession: Sendable {
    /// What a session may do to its registry.
    public enum Access: Sendable {
        /// Works in a folder and on a disk that cannot be written too.
        case reading
        case changing
    }

    /// The opened registry, for those who carry builds in and out. It is closed with the session.
    public let registry: ModelRegistry
    /// Shapes of models by the text that a registry keeps of them; nil for a text that is none.
    let profiles = BoundedCache<String, ModelProfile?>(limit: 4096)
    /// Why no engine can load builds, by digest: what is true of bytes stays true of them. Nil where nothing is known.
    let loadingProblems = BoundedCache<SHA256Digest, String?>(limit: 1 << 16)
    private let devices = Mutex<DeviceCatalogue?>(nil)

    /// - Throws: `RegistryError` where there is no registry, a damaged one or one of a newer version; `FileError`.
    public init(_ path: FilePath, access: Access = .reading) throws {
        registry = try ModelRegistry(path: path, mode: access == .reading ? .readOnly : .openExisting)
    }

    /// A session over a registry that somebody else has opened.
    public init(_ registry: ModelRegistry) { self.registry = registry }

    /// As the registry's opener gave it.
    public var path: FilePath { registry.path }

    /// Closes the registry; questions after this fail.
    public func close() throws { try registry.close() }

    /// Opens a registry, and closes it when `body` returns or throws.
    public static func with<Value>(
        _ path: FilePath,
        _ access: Access = .reading,
        _ body: (RegistrySession) throws -> Value
    ) throws -> Value {
        let session = try RegistrySession(path, access: access)
        defer { try? session.close() }
        return try body(session)
    }

    /// The devices that the program knows, read when they are first asked for.
    /// - Throws: as `DeviceCatalogue.configured(by:)`.
    public func catalogue() throws -> DeviceCatalogue {
        try devices.withLock { known in
            if let known { return known }
            let catalogue = try DeviceCatalogue.configured()
            known = catalogue
            return catalogue
        }
    }

    /// What a registry's text says of a shape; nil where it is unreadable.
    package func profile(_ text: String) -> ModelProfile? {
        profiles.value(for: text) { ModelProfile(stored: text) }
    }
}
