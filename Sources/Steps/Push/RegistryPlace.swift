import Answers
import BinaryIO
import Distribution
import SystemPackage
import Work

/// The location of a registry: a file, or a place in an OCI registry.
public enum RegistryPlace: Sendable {
    case file(FilePath)
    case remote(RemotePlace)

    /// - Parameters:
    ///   - text: a path, `oci://host/path`, or the `http://` or `https://` address of a server.
    ///   - isInsecure: whether an OCI registry uses plain HTTP.
    /// - Throws: `DistributionError.badReference`.
    public init(_ text: String, isInsecure: Bool) throws {
        if OCIReference.isWritten(text) {
            self = .remote(try RemotePlace(text, isInsecure: isInsecure))
        } else if let server = try RemotePlace(server: text) {
            self = .remote(server)
        } else {
            self = .file(FilePath(text))
        }
    }

    /// Opens the registry for reading, and closes it when `body` returns or throws.
    /// - Throws: `RegistryError`, `DistributionError`, and the errors of `body`.
    public func reading<Value>(progress: @escaping WorkProgress, _ body: (RegistrySession) throws -> Value) throws
        -> Value
    {
        switch self {
        case .file(let path): return try RegistrySession.with(path, .reading, body)
        case .remote(let place):
            let session = RegistrySession(try RemoteRegistry(place).open(progress: progress))
            defer { try? session.close() }
            return try body(session)
        }
    }

    /// Opens the registry for writing.
    /// - Throws: `RegistryError`; `StepsError.badRequest` for a remote registry; the errors of `body`.
    public func changing<Value>(_ body: (RegistrySession) throws -> Value) throws -> Value {
        switch self {
        case .file(let path): return try RegistrySession.with(path, .changing, body)
        case .remote(let place):
            throw StepsError.badRequest(
                "\(place.reference) is not changed from here. Change a registry on a disk, and push to it."
            )
        }
    }
}
