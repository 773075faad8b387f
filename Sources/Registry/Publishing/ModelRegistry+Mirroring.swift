import BinaryIO
import GRDB
import SystemPackage

/// Builds whose bytes lie elsewhere.
public protocol BuildsElsewhere: Sendable {
    /// The first bytes of a build's file, verified, with all of its header; few are kept in memory.
    func head(of digest: SHA256Digest) throws -> [UInt8]
    /// How many bytes that is.
    func headCount(of digest: SHA256Digest) throws -> Int
}

/// A name that points to a version of a model.
public struct MirroredChannel: Codable, Hashable, Sendable {
    /// The model's name.
    public var model: String
    /// The channel's name.
    public var name: String
    /// Where it points.
    public var version: ModelVersion

    /// Every value is as its property describes it.
    public init(model: String, name: String, version: ModelVersion) {
        (self.model, self.name, self.version) = (model, name, version)
    }
}

extension ModelRegistry {
    /// Fills a new registry with everything that is known of builds whose bytes lie elsewhere. It answers every question as the
    /// registry does that they are from, and holds no file.
    /// - Throws: `RegistryError`, and then nothing of it is written.
    public func mirror(_ builds: [BuildDetails], channels: [MirroredChannel]) throws {
        try change { database in
            // Rankings that nothing else decides go by the order of publication.
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
