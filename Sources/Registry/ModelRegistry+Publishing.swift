import BinaryIO
import Foundation
import GRDB
import SystemPackage

/// How far a long transfer is.
public struct TransferProgress: Hashable, Sendable {
    public enum Phase: String, Hashable, Sendable {
        /// Reading a file to learn its digest.
        case hashing
        /// Compressing it into the registry.
        case storing
        /// Decompressing it out of the registry.
        case pulling
    }

    public let build: BuildName
    public let phase: Phase
    public let doneBytes: Int
    public let totalBytes: Int
}

/// What became of one build of a publication.
public struct PublishedBuild: Hashable, Codable, Sendable {
    public var record: BuildRecord
    /// False where the same bytes were already published under this name.
    public var isNew: Bool
}

extension ModelRegistry {
    /// Publishes builds of one version with everything known about them: all of it or nothing.
    ///
    /// Every file is stored and synced first; then one transaction writes all rows, and its commit is the moment at which
    /// the builds exist. Publishing the same again changes nothing but adds measurements and fits that are new. A new
    /// type may join a version later; a published one never changes, and its facts stay those of the first time.
    /// - Throws: `RegistryError.conflict` where a name is published with other bytes; `FileError`.
    @discardableResult
    public func publish(
        _ publication: Publication,
        progress: (TransferProgress) throws -> Void = { _ in }
    ) throws -> [PublishedBuild] {
        try publication.validate()
        // All digests first: a conflict in the last build must not cost the compression of the others.
        let drafts = try publication.builds.map { draft in
            let name = try BuildName(model: publication.model, version: publication.version, type: draft.type)
            let digest = try digest(of: draft.file, as: name, progress)
            try look { try Self.checkConflict(name, digest.value, $0) }
            return HashedDraft(name: name, draft: draft, digest: digest.value, byteCount: digest.byteCount)
        }
        let objects = try drafts.map { try store($0, progress) }
        return try change { database in
            for object in objects where !store.hasRightSize(object) {
                throw RegistryError.objectVanished(object.digest)
            }
            let versionID = try Rows.version(publication.version, of: publication.model, database)
            let results = try zip(drafts, objects).map { draft, object in
                try Self.insert(draft, object, versionID: versionID, publication.toolVersion, database)
            }
            for edge in publication.lineage { try Rows.insert(edge, database) }
            if let channel = publication.channel {
                let reason = MoveReason(who: publication.publisher, why: "published")
                try Self.moveChannel(
                    channel,
                    model: publication.model,
                    to: publication.version,
                    because: reason,
                    database
                )
            }
            return results
        }
    }

    private struct HashedDraft {
        let name: BuildName
        let draft: BuildDraft
        let digest: SHA256Digest
        let byteCount: Int
    }

    private func digest(
        of file: FilePath,
        as name: BuildName,
        _ progress: (TransferProgress) throws -> Void
    ) throws -> (value: SHA256Digest, byteCount: Int) {
        let total = ObjectStore.size(of: file) ?? 0
        var hasher = SHA256Hasher()
        var count = 0
        try forEachSlab(of: file) { slab in
            hasher.update(slab)
            count += slab.count
            try progress(
                TransferProgress(build: name, phase: .hashing, doneBytes: count, totalBytes: max(total, count))
            )
        }
        guard count > 0 else {
            throw RegistryError.invalidValue(field: file.string, detail: "the file is empty. Publish a whole build.")
        }
        return (hasher.finalize(), count)
    }

    /// The object of a draft: the one that is there, where a row names it and its size is right, or a new one.
    private func store(_ draft: HashedDraft, _ progress: (TransferProgress) throws -> Void) throws -> StoredObject {
        let known = try look { try Rows.object(draft.digest, $0) }
        if let known, store.hasRightSize(known) { return known }
        var done = 0
        return try store.store(
            draft.draft.file,
            digest: draft.digest,
            byteCount: draft.byteCount,
            replacing: known != nil
        ) { count in
            done += count
            try progress(
                TransferProgress(build: draft.name, phase: .storing, doneBytes: done, totalBytes: draft.byteCount)
            )
        }
    }

    private static func checkConflict(_ name: BuildName, _ digest: SHA256Digest, _ database: Database) throws {
        guard let published = try Rows.build(name, database), published.digest != digest else { return }
        throw RegistryError.conflict(name, published: published.digest, offered: digest)
    }

    private static func insert(
        _ hashed: HashedDraft,
        _ object: StoredObject,
        versionID: Int64,
        _ toolVersion: String,
        _ database: Database
    ) throws -> PublishedBuild {
        // Asked again inside the transaction: another writer may have published the name meanwhile.
        try checkConflict(hashed.name, hashed.digest, database)
        try Rows.upsert(object, database)
        let published = try Rows.build(hashed.name, database)
        if published == nil {
            try Rows.insert(
                hashed.draft.facts,
                type: hashed.draft.type,
                versionID: versionID,
                digest: object.digest,
                toolVersion: toolVersion,
                database
            )
            let detail = try CanonicalJSON.encode(["sha256": object.digest.description])
            try AuditLog.append("publish", subject: hashed.name.description, detail: detail, to: database)
        }
        for measurement in hashed.draft.measurements { try Rows.insert(measurement, of: object.digest, database) }
        for fit in hashed.draft.fits { try Rows.upsert(fit, of: object.digest, database) }
        guard let record = try Rows.build(hashed.name, database) else {
            throw RegistryError.notFound(hashed.name.description, available: [])
        }
        return PublishedBuild(record: record, isNew: published == nil)
    }
}
