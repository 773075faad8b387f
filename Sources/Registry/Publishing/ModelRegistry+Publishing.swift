import BinaryIO
import Foundation
import GRDB
import SystemPackage

/// The progress of a long transfer.
public struct TransferProgress: Hashable, Sendable {
    /// What a transfer is doing.
    public enum Phase: String, Hashable, Sendable {
        /// Reading a file to learn its digest.
        case hashing
        /// Compressing it into the registry.
        case storing
        /// Decompressing it out of the registry.
        case pulling
    }

    /// The build being transferred.
    public let build: BuildName
    /// What is being done with the build.
    public let phase: Phase
    /// Raw bytes done so far.
    public let doneBytes: Int
    /// Raw bytes of the whole build.
    public let totalBytes: Int
}

/// The outcome for one build of a publication.
public struct PublishedBuild: Hashable, Codable, Sendable {
    /// The build as the registry has it now.
    public var record: BuildRecord
    /// False if the same bytes were already published under this name.
    public var isNew: Bool
    /// Whether lost or damaged bytes were stored again.
    public var isMended = false
}

extension ModelRegistry {
    /// Publishes builds of one version with all their metadata: all of it or nothing.
    ///
    /// Every file is stored and synced first. Then one transaction writes all rows, and its commit makes the builds
    /// visible. Publishing the same build again only adds new measurements and fits. A new type may join a version
    /// later; a published build never changes, and neither do its facts.
    ///
    /// Bytes that are stored already are verified before they are reused, and stored again if they are damaged.
    /// - Throws: `RegistryError.conflict` if a name is already published with other bytes; `FileError`.
    @discardableResult
    public func publish(
        _ publication: Publication,
        progress: (TransferProgress) throws -> Void = { _ in }
    ) throws -> [PublishedBuild] {
        try publication.validate()
        try checkObjects()
        // Checks for conflicts first: one in the last build must not cost the compression of the others.
        let drafts = try publication.builds.map { draft in
            let name = try BuildName(model: publication.model, version: publication.version, type: draft.type)
            let isPublished = try look { try Rows.published(name, $0) } != nil
            // A new file that is cut into parts is read once: storing it computes its digest.
            guard isPublished || draft.cuts.isEmpty else { return NamedDraft(name: name, draft: draft, hashed: nil) }
            let digest = try digest(of: draft.file, as: name, progress)
            try look { try Self.checkConflict(name, digest.value, $0) }
            return NamedDraft(name: name, draft: draft, hashed: digest)
        }
        var pending: [SHA256Digest: StoredPart] = [:]
        let objects = try drafts.map { try store($0, sharing: &pending, progress) }
        return try change { database in
            try Seals.keeping(Self.groups(of: publication, objects, database), database) {
                for object in objects { try insert(object, database) }
                let versionID = try Rows.version(publication.version, of: publication.model, database)
                let results = try zip(drafts, objects).map { draft, object in
                    var build = try Self.insert(
                        draft,
                        object.digest,
                        versionID: versionID,
                        publication.toolVersion,
                        database
                    )
                    build.isMended = object.isMended
                    return build
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
    }

    /// All groups whose rows a publication may change.
    private static func groups(
        of publication: Publication,
        _ objects: [Shelved],
        _ database: Database
    ) throws -> Set<SealedGroup> {
        var groups: Set<SealedGroup> = [.damages]
        for object in objects {
            groups.formUnion([.build(object.digest), .place(object.digest)])
            guard case .parts(let packed, _) = object else { continue }
            for part in Set(packed.parts) {
                let known = try Rows.part(part.digest, database)
                guard known != part else { continue }
                groups.formUnion([part.pack, known?.pack].compactMap { $0 }.map { .pack("\($0.name)") })
            }
        }
        groups.formUnion(publication.lineage.map { .lineage($0.to) })
        if publication.channel != nil { groups.insert(.channels(publication.model)) }
        return groups
    }

    struct NamedDraft {
        let name: BuildName
        let draft: BuildDraft
        /// The digest and size; nil if storing the file computes them.
        let hashed: (value: SHA256Digest, byteCount: Int)?
    }

    /// The state of a draft's bytes before their rows are written.
    private enum Shelved {
        /// Already stored.
        case found(StoredObject)
        case file(StoredObject, isMended: Bool)
        case parts(PackedObject, isMended: Bool)

        var digest: SHA256Digest {
            switch self {
            case .found(let object), .file(let object, _): object.digest
            case .parts(let object, _): object.digest
            }
        }

        var isMended: Bool {
            switch self {
            case .found: false
            case .file(_, let isMended), .parts(_, let isMended): isMended
            }
        }
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

    /// Returns the object of a draft: the stored one if it has a row and intact bytes, otherwise a new one.
    private func store(
        _ draft: NamedDraft,
        sharing pending: inout [SHA256Digest: StoredPart],
        _ progress: (TransferProgress) throws -> Void
    ) throws -> Shelved {
        var known: StoredObject?
        if let hashed = draft.hashed {
            let (object, isThere) = try self.known(hashed.value)
            if let object, isThere { return .found(object) }
            known = object
        }
        if let hashed = draft.hashed, draft.draft.cuts.isEmpty, known?.encoding != .parts {
            var done = 0
            let object = try store.store(
                draft.draft.file,
                digest: hashed.value,
                byteCount: hashed.byteCount,
                replacing: known != nil
            ) { count in
                done += count
                try progress(
                    TransferProgress(build: draft.name, phase: .storing, doneBytes: done, totalBytes: hashed.byteCount)
                )
            }
            return .file(object, isMended: try known.map { try isOffered($0.digest) } ?? false)
        }
        // A damaged object is repaired part by part, so it is cut where it was cut before.
        var packed = try pack(draft, cutAt: try known.map(cuts) ?? draft.draft.cuts, pending, progress)
        if let hashed = draft.hashed, packed.digest != hashed.value {
            throw RegistryError.changedWhileReading(draft.draft.file)
        }
        if draft.hashed == nil {
            let (object, isThere) = try self.known(packed.digest)
            if let object, isThere { return .found(object) }
            if let object { packed = try pack(draft, cutAt: cuts(object), pending, progress) }
        }
        for part in packed.parts { pending[part.digest] = part }
        let isOld = known != nil || !packed.replaced.isEmpty
        return .parts(packed, isMended: isOld ? try isOffered(packed.digest) : false)
    }

    /// Whether some offered build has these bytes. The bytes of withdrawn builds may have been collected.
    private func isOffered(_ digest: SHA256Digest) throws -> Bool {
        try look { database in
            try Bool.fetchOne(
                database,
                sql: "SELECT \(Rows.isNeeded(database)) FROM object WHERE digest = ?",
                arguments: [digest.description]
            ) ?? false
        }
    }

    /// The object that a row names, and whether its bytes are intact, which reads all of them.
    private func known(_ digest: SHA256Digest) throws -> (object: StoredObject?, isThere: Bool) {
        let (object, isThere) = try look { database in
            guard let object = try Rows.object(digest, database) else { return (StoredObject?.none, false) }
            return (object, try store.isThere(object, database) && !Rows.isDamaged(digest, database))
        }
        guard let object, isThere else { return (object, false) }
        do {
            try read(object, { _, _ in })
            return (object, true)
        } catch RegistryError.damagedObject, RegistryError.damagedRow {
            return (object, false)
        }
    }

    /// The positions where an object was cut.
    private func cuts(_ object: StoredObject) throws -> [PartCut] {
        var offset = 0
        return try look { try Rows.parts(of: object.digest, $0) }.map { part in
            defer { offset += part.rawBytes }
            return PartCut(offset: offset, elementBytes: part.encoding.planeCount)
        }
    }

    private func pack(
        _ draft: NamedDraft,
        cutAt cuts: [PartCut],
        _ pending: [SHA256Digest: StoredPart],
        _ progress: (TransferProgress) throws -> Void
    ) throws -> PackedObject {
        let total = ObjectStore.size(of: draft.draft.file) ?? 0
        var done = 0
        return try store.pack(
            draft.draft.file,
            cutAt: cuts,
            known: { digest in
                if let part = pending[digest] { return part }
                return try look { try Rows.part(digest, $0) }
            },
            advance: { count in
                done += count
                try progress(
                    TransferProgress(build: draft.name, phase: .storing, doneBytes: done, totalBytes: max(total, done))
                )
            }
        )
    }

    /// Writes the rows of an object; throws if its bytes have disappeared.
    private func insert(_ shelved: Shelved, _ database: Database) throws {
        // A collection may have run since the bytes were found; another one waits for this transaction.
        store.tier?.forgetSizes()
        var isNew = true
        switch shelved {
        case .found(let object):
            try Rows.upsert(object, database)
            isNew = false
        case .file(let object, _):
            try Rows.upsert(object, database)
        case .parts(let packed, _):
            let object = StoredObject(
                digest: packed.digest,
                encoding: .parts,
                rawBytes: packed.byteCount,
                storedBytes: packed.storedBytes
            )
            try Rows.upsert(object, database)
            try Rows.insert(packed, in: store, database)
        }
        guard let object = try Rows.object(shelved.digest, database), try store.isThere(object, database) else {
            throw RegistryError.objectVanished(shelved.digest)
        }
        if isNew { try Rows.forgetDamage(of: shelved.digest, database) }
    }

    private static func checkConflict(_ name: BuildName, _ digest: SHA256Digest, _ database: Database) throws {
        guard let published = try Rows.published(name, database), published.digest != digest else { return }
        throw RegistryError.conflict(name, published: published.digest, offered: digest)
    }

    /// Writes the row of a build and its metadata; its object must have a row already.
    /// - Parameter date: when it was published; nil for now.
    @discardableResult
    static func insert(
        _ named: NamedDraft,
        _ digest: SHA256Digest,
        versionID: Int64,
        _ toolVersion: String,
        publishedAt date: Date? = nil,
        _ database: Database
    ) throws -> PublishedBuild {
        // Checked again inside the transaction: another writer may have published the name meanwhile.
        try checkConflict(named.name, digest, database)
        let published = try Rows.published(named.name, database)
        if published == nil {
            try Rows.insert(
                named.draft.facts,
                type: named.draft.type,
                versionID: versionID,
                digest: digest,
                toolVersion: toolVersion,
                publishedAt: date,
                database
            )
        } else if let published, !published.isOffered {
            // The build was withdrawn: publishing the same bytes under the same name restores it.
            try database.execute(sql: "DELETE FROM withdrawal WHERE buildId = ?", arguments: [published.id])
        }
        for measurement in named.draft.measurements { try Rows.insert(measurement, of: digest, database) }
        for record in named.draft.tensorErrors { try Rows.insert(record, of: digest, database) }
        for record in named.draft.recipes { try Rows.insert(record, of: digest, database) }
        for fit in named.draft.fits { try Rows.upsert(fit, of: digest, database) }
        if published?.isOffered != true {
            var about = try Seals.facts(of: digest, database)
            if published != nil { about["was"] = "deleted" }
            let detail = try CanonicalJSON.encode(about)
            try AuditLog.append("publish", subject: named.name.description, detail: detail, to: database)
        }
        try Rows.place(digest, database)
        guard let record = try Rows.build(named.name, database) else {
            throw RegistryError.notFound(named.name.description, available: [])
        }
        return PublishedBuild(record: record, isNew: published?.isOffered != true)
    }
}
