import BinaryIO
import Distribution
import Registry

/// Builds that are being sent.
final class Receiving: Sendable {
    struct Manifest: Sendable { let bytes: [UInt8]; let mediaType: String; let digest: SHA256Digest }
    init(_ settings: ServerSettings) {}
    func manifest(_ reference: String, of model: String, _ services: Services) async throws -> Manifest? { nil }
    func blob(_ digest: SHA256Digest, of model: String, _ services: Services) async throws -> [UInt8]? { nil }
    func tags(of model: String, _ services: Services) async throws -> [String] { [] }
    func referrers(of subject: SHA256Digest, in model: String, _ services: Services) async throws -> [ServedManifest] { [] }
}
