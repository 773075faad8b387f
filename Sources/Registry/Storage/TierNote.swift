import BinaryIO
import Foundation
import ObjectStorage
import SystemPackage

/// How objects are reached that lie in object storage: the environment has the credentials, which no file of a registry
/// holds.
public struct TierAccess: Sendable {
    /// Variables by their names.
    public var environment: [String: String]
    /// Changes how patient requests are.
    package var adjust: @Sendable (inout S3Settings) -> Void = { _ in }

    /// The process's own environment, or another one.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) { self.environment = environment }
}

/// What `tier.json` beside the objects says: where they are, and how much of them may be kept here.
struct TierNote: Codable, Equatable, Sendable {
    /// `s3://bucket/prefix`.
    let place: String
    /// Where it is not Amazon's own. It is compared with the environment's, never followed: a file that came along with
    /// a registry must not choose who is asked with this machine's credentials.
    let endpoint: String?
    let region: String
    let cacheBytes: Int

    static let name = "tier.json"
    /// A note that is longer is none, in bytes.
    private static let longest = 1 << 16

    init(place: S3Place, endpoint: String?, region: String, cacheBytes: Int) {
        (self.place, self.endpoint) = ("\(place)", endpoint)
        (self.region, self.cacheBytes) = (region, cacheBytes)
    }

    /// - Returns: nil where there is none.
    /// - Throws: `RegistryError` for one that cannot be read.
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
