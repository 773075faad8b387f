import BinaryIO
import Foundation
import ObjectStorage
import SystemPackage

/// The environment for reaching object storage. It holds the credentials, which no file of a registry contains.
public struct TierAccess: Sendable {
    /// Environment variables by name.
    public var environment: [String: String]
    /// Changes the timeouts and retries of requests.
    package var adjust: @Sendable (inout S3Settings) -> Void = { _ in }

    /// Uses the process's own environment, or another one.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) { self.environment = environment }
}

/// The contents of `tier.json` beside the objects: the place in object storage, and how much may stay on the disk.
struct TierNote: Codable, Equatable, Sendable {
    /// The place in object storage: `s3://bucket/prefix`.
    let place: String
    /// The endpoint, if it is not Amazon's own. It is compared with the environment's, never followed: a file that came
    /// with a registry must not choose the server that gets this machine's credentials.
    let endpoint: String?
    let region: String
    let cacheBytes: Int

    static let name = "tier.json"
    /// The largest note, in bytes; a longer one is rejected.
    private static let longest = 1 << 16

    init(place: S3Place, endpoint: String?, region: String, cacheBytes: Int) {
        (self.place, self.endpoint) = ("\(place)", endpoint)
        (self.region, self.cacheBytes) = (region, cacheBytes)
    }

    /// - Returns: nil if there is no note.
    /// - Throws: `RegistryError` if the note cannot be read.
    init?(in folder: FilePath) throws {
        let path = folder.appending(Self.name)
        guard ObjectStore.isAnything(path) else { return nil }
        guard let size = ObjectStore.size(of: path), size <= Self.longest,
            let data = FileManager.default.contents(atPath: path.string),
            let note = try? JSONDecoder().decode(Self.self, from: data), note.cacheBytes >= 0,
            (try? S3Place(note.place)) != nil
        else {
            throw RegistryError.invalidValue(
                field: path.string,
                detail:
                    "it should say where the builds' files are, and cannot be read. Move it away and give the place again "
                    + "with \(command: "registry storage", "tier PLACE")."
            )
        }
        self = note
    }

    func write(in folder: FilePath) throws {
        try writeFile(try CanonicalJSON.encode(self).utf8, to: folder.appending(Self.name), isOfRegistry: true)
    }
}
