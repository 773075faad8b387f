import BinaryIO
import Foundation
import GRDB
import ObjectStorage
import SystemPackage
import Work

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The result of moving a registry's files between the disk and object storage.
public struct TierReport: Codable, Hashable, Sendable {
    /// The place of the files in object storage, now or before: `s3://bucket/prefix`.
    public var place: String
    /// The number of files that published builds need: packs, and objects in one file.
    public var files: Int
    /// The size of these files, in bytes.
    public var bytes: Int
    /// The number of files that this run moved; the others were already moved.
    public var movedFiles: Int
    /// The size of the files that this run moved, in bytes.
    public var movedBytes: Int
    /// Bytes of the files that are on the disk now.
    public var localBytes: Int
    /// The limit for files on the disk, in bytes; nil if all of them are on the disk again.
    public var cacheBytes: Int?
}

extension ModelRegistry {
    /// The default limit for files on the disk, in bytes.
    public static let usualCacheBytes = 10 << 30
    /// The object in object storage that names the registry it belongs to.
    private static let ownerName = "registry.json"

    private struct Owner: Codable, Equatable {
        /// The digest of the first line of the audit log, which only copies of one registry share.
        let registry: String
    }

    private struct File {
        let path: FilePath
        let byteCount: Int
    }

    /// Uploads the files of all published builds to object storage, verifies that they arrived, and from then on keeps
    /// only a limited part of them on the disk. Running it again uploads what was published since.
    /// - Parameters:
    ///   - cacheBytes: the limit, in bytes; nil keeps the current one.
    ///   - progress: called with the number of bytes moved and the total; an error that it throws stops the work, and
    ///     the next call resumes.
    /// - Throws: `RegistryError` if the place belongs to another registry, or if files are neither on the disk nor in
    ///   object storage; `ObjectStorageError`, `FileError`.
    public func moveToTier(
        _ place: S3Place,
        cacheBytes: Int? = nil,
        progress: @escaping WorkProgress = { _, _, _ in }
    ) throws -> TierReport {
        if let known = store.tier?.note.place, known != "\(place)" {
            throw RegistryError.invalidValue(
                field: "\(place)",
                detail: "the builds' files are at \(known). Bring them back first, with "
                    + "\(command: "registry storage", "tier none")."
            )
        }
        if let absence = store.absence { throw absence }
        var settings = try S3Settings(environment: tierAccess.environment)
        tierAccess.adjust(&settings)
        let note = TierNote(
            place: place,
            endpoint: settings.ownEndpoint,
            region: settings.region,
            cacheBytes: cacheBytes ?? store.tier?.note.cacheBytes ?? Self.usualCacheBytes
        )
        let service = try S3Store(place, settings)
        let tier = ObjectTier(note, tierAccess, opened: service)
        try service.checkBucket()
        try claim(service)
        let tiered = ObjectStore(root: store.root, tier: tier)
        let files = try neededFiles()
        let missing = try files.filter { try !isStored($0, tiered) }
        let total = files.reduce(0) { $0 &+ $1.byteCount }
        var done = total - missing.reduce(0) { $0 &+ $1.byteCount }
        for file in missing {
            let begin = done
            try progress("uploading to \(place)", begin, total)
            _ = try service.put(
                tiered.tierName(of: file.path),
                file.path,
                byteCount: file.byteCount,
                digest: try SHA256Digest(ofFile: file.path)
            ) { try progress("uploading to \(place)", begin + $0, total) }
            done += file.byteCount
        }
        try note.write(in: store.root)
        tier.forgetSizes()
        tiered.makeRoom()
        return TierReport(
            place: "\(place)",
            files: files.count,
            bytes: total,
            movedFiles: missing.count,
            movedBytes: missing.reduce(0) { $0 &+ $1.byteCount },
            localBytes: tiered.here().reduce(0) { $0 &+ $1.byteCount },
            cacheBytes: note.cacheBytes
        )
    }

    /// Downloads all files to the disk and stops using object storage, where nothing is deleted.
    /// - Throws: `RegistryError` if the registry does not use object storage, or if files are missing there;
    ///   `ObjectStorageError`, `FileError`.
    public func bringBack(progress: @escaping WorkProgress = { _, _, _ in }) throws -> TierReport {
        guard let tier = store.tier else {
            throw RegistryError.invalidValue(
                field: path.string,
                detail: "all files of this registry are on the disk. There is nothing to bring back."
            )
        }
        let files = try neededFiles()
        let missing = files.filter { ObjectStore.size(of: $0.path) == nil }
        let total = missing.reduce(0) { $0 &+ $1.byteCount }
        if let free = freeDiskBytes(at: store.root), free < total { throw RegistryError.diskFull(store.root) }
        let place = tier.note.place
        var done = 0
        for file in missing {
            let begin = done
            try progress("fetching from \(place)", begin, total)
            let isThere = try store.fetch(file.path, byteCount: file.byteCount) {
                try progress("fetching from \(place)", begin + $0, total)
            }
            guard isThere else { throw lost([file], at: place) }
            done += file.byteCount
        }
        let note = store.root.appending(TierNote.name)
        guard unlink(note.string) == 0 else { throw FileError("remove", note, errno: Errno(rawValue: errno)) }
        try synchronizeFolder(of: note)
        return TierReport(
            place: place,
            files: files.count,
            bytes: files.reduce(0) { $0 &+ $1.byteCount },
            movedFiles: missing.count,
            movedBytes: total,
            localBytes: store.here().reduce(0) { $0 &+ $1.byteCount }
        )
    }

    /// Why files in object storage could not be read a moment ago; nil if none were requested, or they were readable.
    public var unreachableTier: ObjectStorageError? { store.tier?.unreachable }

    /// The files that published builds need.
    private func neededFiles() throws -> [File] {
        try look { database in
            let objects = try Rows.neededObjects(database).filter { $0.encoding != .parts }
            return objects.map { File(path: store.path(of: $0), byteCount: $0.storedBytes) }
                + (try Rows.packs(database)).map { File(path: store.path(of: $0.name), byteCount: $0.byteCount) }
        }
    }

    /// Whether object storage has a file already.
    /// - Throws: an error if it has a different file of this name, or if the file is nowhere.
    private func isStored(_ file: File, _ store: ObjectStore) throws -> Bool {
        guard let tier = store.tier else { return false }
        let name = store.tierName(of: file.path)
        if let size = try tier.size(of: name) {
            guard size == file.byteCount else {
                throw ObjectStorageError.wrongSize(tier.address(of: name), found: size, expected: file.byteCount)
            }
            return true
        }
        guard ObjectStore.size(of: file.path) == file.byteCount else { throw lost([file], at: tier.note.place) }
        return false
    }

    private func lost(_ files: [File], at place: String) -> RegistryError {
        .invalidValue(
            field: files.map(\.path.string).joined(separator: ", "),
            detail: "this file is neither here nor at \(place). Look which builds are damaged with "
                + "\(command: "registry verify"), and repair them first."
        )
    }

    /// Marks the place as this registry's, and rejects the place of another registry: a collection would remove the
    /// files of that one.
    private func claim(_ service: S3Store) throws {
        let first = try look { try String.fetchOne($0, sql: "SELECT digest FROM audit ORDER BY sequence LIMIT 1") }
        let text = try CanonicalJSON.encode(Owner(registry: first ?? ""))
        guard let size = try service.size(of: Self.ownerName) else {
            let file = try scratchFile()
            defer { ObjectStore.remove(file) }
            try writeFile(text.utf8, to: file, isOfRegistry: true)
            let digest = SHA256Digest(of: text.utf8)
            _ = try service.put(Self.ownerName, file, byteCount: text.utf8.count, digest: digest)
            return
        }
        let found =
            size == text.utf8.count ? try service.bytes(0..<size, of: Self.ownerName, byteCount: size) : nil
        guard found == Array(text.utf8) else {
            throw RegistryError.invalidValue(
                field: "\(service.place)",
                detail: "another registry keeps its files there. Choose another prefix."
            )
        }
    }

    /// Removes the files of withdrawn builds from object storage. Only files that have a row here are considered, so
    /// that files published by a copy of this registry stay.
    func collectTier(dryRun: Bool) throws -> [VerificationReport.Leftover] {
        guard let tier = store.tier else { return [] }
        func unneeded(_ database: Database) throws -> [String] {
            let needed = try neededPaths(database)
            let objects = try Row.fetchAll(database, sql: Rows.objectColumns(database)).map { try Rows.object($0) }
            let packs = try String.fetchAll(database, sql: "SELECT name FROM pack").compactMap(PackName.init)
            let paths =
                objects.filter { $0.encoding != .parts }.map { store.path(of: $0) } + packs.map { store.path(of: $0) }
            return paths.filter { !needed.contains($0.string) }.map(store.tierName)
        }
        tier.forgetSizes()
        let found = try look(unneeded).compactMap { name in try tier.size(of: name).map { (name, $0) } }
        let leftovers = found.map { name, size in
            VerificationReport.Leftover(kind: .orphanObject, path: tier.address(of: name), bytes: size)
        }
        guard !dryRun, !found.isEmpty else { return leftovers }
        try tier.asking { try claim($0) }
        // Works in small batches, because other writers wait meanwhile.
        for begin in stride(from: 0, to: found.count, by: 50) {
            try change { database in
                let still = Set(try unneeded(database))
                for (name, _) in found[begin..<min(begin + 50, found.count)] where still.contains(name) {
                    try tier.asking { try $0.remove(name) }
                }
            }
        }
        tier.forgetSizes()
        return leftovers
    }
}
