import BinaryIO
import Foundation
import Registry
import Synchronization
import SystemPackage
import Transfer
import Work

/// The builds of a place in an OCI registry, asked as a registry on the disk is. What the place says of them is fetched once, kept by
/// its digest, and answers every further question for the price of one request.
public struct RemoteRegistry: Sendable {
    private let place: RemotePlace
    private let folder: FilePath

    /// - Parameter cache: where what was fetched is kept; nil takes the user's own folder of caches.
    public init(_ place: RemotePlace, cache: FilePath? = nil) {
        self.place = place
        let name = SHA256Digest(of: Array("\(place.reference.host)/\(place.reference.repository)".utf8))
        folder = (cache ?? Self.usualCache(place.environment)).appending("registries").appending(name.short)
    }

    /// `EDGEPIPE_CACHE`, or `edgepipe` in the folder for caches.
    private static func usualCache(_ environment: [String: String]) -> FilePath {
        if let own = environment.path("EDGEPIPE_CACHE") { return own }
        let home = FilePath(environment.variable("HOME") ?? NSTemporaryDirectory())
        return (environment.path("XDG_CACHE_HOME") ?? home.appending(".cache")).appending("edgepipe")
    }

    /// Opens what is known of the builds.
    /// - Throws: `DistributionError`, `RegistryError`, `FileError`, and whatever `progress` throws.
    public func open(progress: @escaping WorkProgress) throws -> ModelRegistry {
        let (index, mirror) = try current(progress)
        return try ModelRegistry(path: mirror, mode: .readOnly, elsewhere: RemoteHeads(place, index))
    }

    /// Where a build of the place is, by the digest of its manifest.
    /// - Parameter name: `model[@version][:type]`.
    /// - Throws: as `open`; `RegistryError.notFound`.
    public func place(of name: String, progress: @escaping WorkProgress) throws -> (RemotePlace, BuildRecord) {
        let (index, mirror) = try current(progress)
        let registry = try ModelRegistry(path: mirror, mode: .readOnly)
        defer { try? registry.close() }
        let record = try registry.resolve(BuildReference(name))
        guard let entry = index.builds.first(where: { $0.details.build.name == record.name }) else {
            throw RegistryError.notFound(name, available: index.builds.map { "\($0.details.build.name)" })
        }
        let text = "\(OCIReference.scheme)\(place.reference.host)/\(entry.repository)@\(entry.manifest)"
        return (try place.at(OCIReference(text)), record)
    }

    /// The index as it is now, and a registry made of it.
    private func current(_ progress: @escaping WorkProgress) throws -> (RemoteIndex, FilePath) {
        let reference = place.reference
        let known = try? FileManager.default.contentsOfDirectory(atPath: folder.string)
        let folder = folder
        let found = try place.with("asking \(reference.host)", progress) { client, _ in
            guard let layer = try await RemoteIndex.layer(client) else {
                throw DistributionError.missing(
                    reference.host,
                    what: "index of builds in \(reference.repository). Push to it, or import its builds one by one"
                )
            }
            guard let digest = layer.sha256 else {
                throw DistributionError.badAnswer(reference.host, "it names its index by no SHA-256")
            }
            let path = folder.appending("\(digest).json")
            if known?.contains("\(digest).json") == true,
                let bytes = try? readFile(path, limit: RemoteIndex.longest), SHA256Digest(of: bytes) == digest
            {
                return (digest, bytes)
            }
            return (digest, try await client.document(layer, limit: RemoteIndex.longest))
        }
        let index = try OCILayout.decode(RemoteIndex.self, from: found.1, of: "\(reference)")
        let mirror = folder.appending("\(found.0).db")
        if FileStatus(mirror) == nil { try make(index, found, mirror) }
        return (index, mirror)
    }

    private func make(_ index: RemoteIndex, _ found: (digest: SHA256Digest, bytes: [UInt8]), _ mirror: FilePath) throws
    {
        try makeFolder(folder)
        let draft = folder.appending(".\(found.digest.short).\(UInt64.random(in: 0 ... .max)).db")
        defer {
            for ending in ["", "-wal", "-shm"] { unlink(draft.string + ending) }
            try? FileManager.default.removeItem(atPath: "\(draft).objects")
        }
        let registry = try ModelRegistry(path: draft, mode: .create)
        try registry.mirror(index.builds.map(\.details), channels: index.channels)
        try registry.close()
        try writeFile(found.bytes, to: folder.appending("\(found.digest).json"))
        guard rename(draft.string, mirror.string) == 0 else {
            throw FileError("rename into place", mirror, errno: Errno(rawValue: errno))
        }
        // What the place said before is of no use any more.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
        where !name.hasPrefix("\(found.digest)") && !name.hasPrefix(".") {
            unlink(folder.appending(name).string)
        }
    }
}

/// The first bytes of files that lie in an OCI registry, fetched by range and held against the digest of the file's first part.
private final class RemoteHeads: BuildsElsewhere {
    private let place: RemotePlace
    private let entries: [SHA256Digest: RemoteIndex.Entry]
    private let kept = Mutex<[SHA256Digest: [UInt8]]>([:])

    /// More heads than these are fetched again when they are asked for.
    private static let mostKept = 8

    init(_ place: RemotePlace, _ index: RemoteIndex) {
        self.place = place
        entries = Dictionary(index.builds.map { ($0.details.build.digest, $0) }) { first, _ in first }
    }

    private func entry(_ digest: SHA256Digest) throws -> RemoteIndex.Entry {
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
