import BinaryIO
import DeviceFit
import Registry
import Synchronization
import SystemPackage

/// One opened registry and the catalogue of devices, which answer all questions about a registry.
///
/// A session is safe for concurrent use while other sessions and processes publish: each answer includes what was
/// published before its reads begin. Data that questions share is decoded once and cached, up to a limit.
public final class RegistrySession: Sendable {
    /// What a session may do to its registry.
    public enum Access: Sendable {
        /// Read only; it also works in a folder or on a disk that is not writable.
        case reading
        case changing
    }

    /// The opened registry, for code that stores and exports builds. It is closed with the session.
    public let registry: ModelRegistry
    /// A cache of shapes, by the text that a registry stores for them; nil for an invalid text.
    let profiles = BoundedCache<String, ModelProfile?>(limit: 4096)
    /// A cache of why no engine can load builds, by digest: a finding about bytes never changes. Nil if no problem is
    /// known.
    let loadingProblems = BoundedCache<SHA256Digest, String?>(limit: 1 << 16)
    private let devices = Mutex<DeviceCatalogue?>(nil)

    /// - Throws: `RegistryError` if the registry is missing, damaged or of a newer version; `FileError`.
    public init(_ path: FilePath, access: Access = .reading) throws {
        registry = try ModelRegistry(path: path, mode: access == .reading ? .readOnly : .openExisting)
    }

    /// Creates a session with a registry that the caller has opened.
    public init(_ registry: ModelRegistry) { self.registry = registry }

    /// The path as the caller passed it.
    public var path: FilePath { registry.path }

    /// Closes the registry; later questions fail.
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

    /// Returns the known devices, which are read at the first call.
    /// - Throws: as `DeviceCatalogue.configured(by:)`.
    public func catalogue() throws -> DeviceCatalogue {
        try devices.withLock { known in
            if let known { return known }
            let catalogue = try DeviceCatalogue.configured()
            known = catalogue
            return catalogue
        }
    }

    /// Decodes the shape that a registry stores as text; nil if it is unreadable.
    package func profile(_ text: String) -> ModelProfile? {
        profiles.value(for: text) { ModelProfile(stored: text) }
    }
}
