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

/// What moving a registry's files between the disk and object storage did.
public struct TierReport: Codable, Hashable, Sendable {
    /// `s3://bucket/prefix`, where the files are now or were.
    public var place: String
    /// Files that published builds need: packs, and objects in one file.
    public var files: Int
    /// What these take, in bytes.
    public var bytes: Int
    /// Files that were moved by this run; the others were there.
    public var movedFiles: Int
    /// What the moved ones take, in bytes.
    public var movedBytes: Int
    /// What of the files is on the disk now, in bytes.
    public var localBytes: Int
    /// How much may stay on the disk, in bytes; nil where all of it is there again.
    public var cacheBytes: Int?
}

extension ModelRegistry {
    /// What is kept on the disk where nobody says how much, in bytes.
    public static let usualCacheBytes = 10 << 30
    /// An object of the tier that says whose it is.
    private static let ownerName = "registry.json"

    private struct Owner: Codable, Equatable {
        /// The digest of the first line of the audit log, which no two registries have in common unless one is a copy.
        let registry: String
    }

    private struct File {
        let path: FilePath
        let byteCount: Int
    }

    /// Brings the files of all published builds to object storage that are not there yet, looks whether they are there,
    /// and keeps no more than a bound of them on the disk from then on. Run again, it brings what was published since.
    /// - Parameters:
    ///   - cacheBytes: the bound; nil for the one that was given before.
    ///   - progress: told how many bytes of how many are there; what it throws stops the work, and the next call goes
    ///     on.
    /// - Throws: `RegistryError` for a place of another registry, or where files are neither here nor there;
    ///   `ObjectStorageError`, `FileError`.
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

    /// Brings all files back to the disk and forgets the tier, which keeps what it has.
    /// - Throws: `RegistryError` where there is no tier, or it lacks files; `ObjectStorageError`, `FileError`.
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

    /// Why files in object storage could not be read a moment ago; nil where none were asked for, or they could be.
    public var unreachableTier: ObjectStorageError? { store.tier?.unreachable }

    /// The files that published builds need.
    private func neededFiles() throws -> [File] {
        try look { database in
            let objects = try Rows.neededObjects(database).filter { $0.encoding != .parts }
            return objects.map { File(path: store.path(of: $0), byteCount: $0.storedBytes) }
                + (try Rows.packs(database)).map { File(path: store.path(of: $0.name), byteCount: $0.byteCount) }
        }
    }

    /// Whether the tier has a file already.
    /// - Throws: where it has another one of this name, or there is none at all.
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

    /// Says whose the place is, and refuses one of another registry: a collection there would remove what that one
    /// needs.
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

    /// Removes from the tier what builds needed that were withdrawn. Only files that have a row here are looked at, so
    /// that nothing goes that a copy of this registry has published.
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
        // A few at a time, since other writers wait meanwhile.
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
