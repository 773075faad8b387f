import BinaryIO
import GRDB
import SystemPackage

/// A source of builds whose bytes are not in this registry.
public protocol BuildsElsewhere: Sendable {
    /// The first bytes of a build's file, verified, including its whole header. Only a few builds' are kept in memory.
    func head(of digest: SHA256Digest) throws -> [UInt8]
    /// The number of bytes that `head(of:)` returns.
    func headCount(of digest: SHA256Digest) throws -> Int
}

/// A channel of another registry and the version it points to.
public struct MirroredChannel: Codable, Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// The channel's name.
    public var name: String
    /// The version that the channel points to.
    public var version: ModelVersion

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(model: String, name: String, version: ModelVersion) {
        (self.model, self.name, self.version) = (model, name, version)
    }
}

extension ModelRegistry {
    /// Fills a new registry with all metadata of builds that are stored in another registry. It answers every query as
    /// the other registry does, and holds no files.
    /// - Throws: `RegistryError`; nothing is written then.
    public func mirror(_ builds: [BuildDetails], channels: [MirroredChannel]) throws {
        try change { database in
            // The order of publication breaks ties in rankings.
            for details in builds.sorted(by: { $0.build.createdAt < $1.build.createdAt }) {
                try Self.mirror(details, database)
            }
            for channel in channels {
                let reason = MoveReason(who: "mirror", why: "as it is where the builds are from")
                try Self.moveChannel(
                    channel.name,
                    model: channel.model,
                    to: channel.version,
                    because: reason,
                    database
                )
            }
        }
    }

    private static func mirror(_ details: BuildDetails, _ database: Database) throws {
        let build = details.build
        let object = StoredObject(
            digest: build.digest,
            encoding: .raw,
            rawBytes: build.fileBytes,
            storedBytes: build.fileBytes
        )
        let draft = BuildDraft(
            type: build.name.type,
            file: "",
            facts: build.facts,
            measurements: details.measurements,
            fits: details.fits,
            tensorErrors: details.tensorErrors ?? [],
            recipes: details.recipes ?? []
        )
        try draft.validate()
        if try Rows.object(build.digest, database) == nil { try Rows.upsert(object, database) }
        let versionID = try Rows.version(build.name.version, of: build.name.model, database)
        try insert(
            NamedDraft(name: build.name, draft: draft, hashed: nil),
            build.digest,
            versionID: versionID,
            build.toolVersion,
            publishedAt: build.createdAt,
            database
        )
        for edge in details.lineage { try Rows.insert(edge, database) }
    }
}
