import BinaryIO
import Foundation
import Registry
import Synchronization
import SystemPackage
import Transfer
import Work

/// The builds of a place in an OCI registry, queried like a registry on the disk. Their metadata is downloaded once and
/// cached by its digest; every further query costs one request.
public struct RemoteRegistry: Sendable {
    private let place: RemotePlace
    private let folder: FilePath

    /// - Parameter cache: the folder for downloaded metadata; nil uses the user's cache folder.
    public init(_ place: RemotePlace, cache: FilePath? = nil) {
        self.place = place
        let name = SHA256Digest(of: Array("\(place.reference.host)/\(place.reference.repository)".utf8))
        folder = (cache ?? Self.usualCache(place.environment)).appending("registries").appending(name.short)
    }

    /// `EDGEPIPE_CACHE`, or `edgepipe` in the user's cache folder.
    private static func usualCache(_ environment: [String: String]) -> FilePath {
        if let own = environment.path("EDGEPIPE_CACHE") { return own }
        let home = FilePath(environment.variable("HOME") ?? NSTemporaryDirectory())
        return (environment.path("XDG_CACHE_HOME") ?? home.appending(".cache")).appending("edgepipe")
    }

    /// Opens a registry with the metadata of the builds.
    /// - Throws: `DistributionError`, `RegistryError`, `FileError`, errors of `progress`.
    public func open(progress: @escaping WorkProgress) throws -> ModelRegistry {
        let known = try current(progress)
        return try ModelRegistry(path: known.mirror, mode: .readOnly, elsewhere: RemoteHeads(place, known))
    }

    /// The place of a build, by the digest of its manifest.
    /// - Parameter name: `model[@version][:type]`.
    /// - Throws: the errors of `open`; `RegistryError.notFound`.
    public func place(of name: String, progress: @escaping WorkProgress) throws -> (RemotePlace, BuildRecord) {
        let known = try current(progress)
        let registry = try ModelRegistry(path: known.mirror, mode: .readOnly)
        defer { try? registry.close() }
        let record = try registry.resolve(BuildReference(name))
        let index = try known.index()
        guard let entry = index.builds.first(where: { $0.details.build.name == record.name }) else {
            throw RegistryError.notFound(name, available: index.builds.map { "\($0.details.build.name)" })
        }
        let text = "\(OCIReference.scheme)\(place.reference.host)/\(entry.repository)@\(entry.manifest)"
        return (try place.at(OCIReference(text)), record)
    }

    /// A cached index, and the registry that was built from it.
    fileprivate struct Known {
        let folder: FilePath
        let digest: SHA256Digest

        var mirror: FilePath { folder.appending("\(digest).db") }
        var file: FilePath { folder.appending("\(digest).json") }

        /// - Throws: `FileError`; `DistributionError` if another program changed the file.
        func index() throws -> RemoteIndex {
            let bytes = try readFile(file, limit: RemoteIndex.longest)
            guard SHA256Digest(of: bytes) == digest else {
                throw DistributionError.unusable(place: file.string, "it was changed. Delete it, and ask again.")
            }
            return try OCILayout.decode(RemoteIndex.self, from: bytes, of: file.string)
        }
    }

    /// The current index of the place, downloaded if it is not cached.
    private func current(_ progress: @escaping WorkProgress) throws -> Known {
        let reference = place.reference
        let folder = folder
        let found = try place.with("asking \(reference.host)", progress) { client, _ -> (Known, [UInt8]?) in
            guard let layer = try await RemoteIndex.layer(client) else {
                throw DistributionError.missing(
                    reference.host,
                    what: "index of builds in \(reference.repository). Push to it, or import its builds one by one"
                )
            }
            guard let digest = layer.sha256 else {
                throw DistributionError.badAnswer(reference.host, "it names its index by no SHA-256")
            }
            let known = Known(folder: folder, digest: digest)
            if FileStatus(known.mirror) != nil, FileStatus(known.file) != nil { return (known, nil) }
            return (known, try await client.document(layer, limit: RemoteIndex.longest))
        }
        if let bytes = found.1 { try make(bytes, found.0) }
        return found.0
    }

    private func make(_ bytes: [UInt8], _ known: Known) throws {
        let index = try OCILayout.decode(RemoteIndex.self, from: bytes, of: "\(place.reference)")
        try makeFolder(folder)
        let draft = folder.appending(".\(known.digest.short).\(UInt64.random(in: 0 ... .max)).db")
        defer {
            for ending in ["", "-wal", "-shm"] { unlink(draft.string + ending) }
            try? FileManager.default.removeItem(atPath: "\(draft).objects")
        }
        let registry = try ModelRegistry(path: draft, mode: .create)
        try registry.mirror(index.builds.map(\.details), channels: index.channels)
        try registry.close()
        try writeFile(bytes, to: known.file)
        guard rename(draft.string, known.mirror.string) == 0 else {
            throw FileError("rename into place", known.mirror, errno: Errno(rawValue: errno))
        }
        // Older indexes are no longer needed.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
        where !name.hasPrefix("\(known.digest)") && !name.hasPrefix(".") {
            unlink(folder.appending(name).string)
        }
    }
}

/// The first bytes of files in an OCI registry, downloaded by range and verified against the digest of the file's first
/// part.
private final class RemoteHeads: BuildsElsewhere {
    private let place: RemotePlace
    private let known: RemoteRegistry.Known
    /// Index entries by the digest of the build's file, read when a header is first requested.
    private let entries = Mutex<[SHA256Digest: RemoteIndex.Entry]?>(nil)
    private let kept = Mutex<[SHA256Digest: [UInt8]]>([:])

    /// The most heads to cache; others are downloaded again.
    private static let mostKept = 8

    init(_ place: RemotePlace, _ known: RemoteRegistry.Known) { (self.place, self.known) = (place, known) }

    private func entry(_ digest: SHA256Digest) throws -> RemoteIndex.Entry {
        let entries = try entries.withLock { entries in
            if let entries { return entries }
            let read = Dictionary(try known.index().builds.map { ($0.details.build.digest, $0) }) { first, _ in first }
            entries = read
            return read
        }
        guard let entry = entries[digest] else { throw RegistryError.notFound("\(digest)", available: []) }
        return entry
    }

    func headCount(of digest: SHA256Digest) throws -> Int { try entry(digest).head.size }

    func head(of digest: SHA256Digest) throws -> [UInt8] {
        if let known = kept.withLock({ $0[digest] }) { return known }
        let entry = try entry(digest)
        let head = entry.head
        let bytes = try place.with("reading a header", { _, _, _ in }) { client, _ in
            try await client.beside(entry.repository).beginning(of: digest, byteCount: head.size)
        }
        guard bytes.count == head.size, SHA256Digest(of: bytes) == head.sha256 else {
            throw DistributionError.wrongBytes(
                place.reference.host,
                what: "the beginning of \(entry.details.build.name)",
                "has another SHA-256"
            )
        }
        kept.withLock { kept in
            if kept.count >= Self.mostKept, let some = kept.keys.first { kept[some] = nil }
            kept[digest] = bytes
        }
        return bytes
    }
}
