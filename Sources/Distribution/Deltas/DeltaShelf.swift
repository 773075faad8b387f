import BinaryIO
import Delta
import Foundation
import Registry
import SystemPackage
import Work

/// Deltas between builds of a registry, in a folder beside it: made once, then offered by pushes and by the server.
///
/// A file's name has the digests of the old build, of the new build, and of the delta. An empty file records that a
/// delta is too large to be useful, so that it is not made again.
public struct DeltaShelf: Sendable {
    /// A delta on the shelf.
    public struct Entry: Codable, Hashable, Sendable {
        /// SHA-256 of the file that phones have.
        public var from: SHA256Digest
        /// SHA-256 of the file that the delta produces.
        public var to: SHA256Digest
        /// SHA-256 of the delta.
        public var digest: SHA256Digest
        /// Size of the delta, in bytes.
        public var bytes: Int
        /// The path of the delta.
        public var path: String

        /// Reads a range of the delta's bytes.
        /// - Throws: `FileError`.
        package func read(_ range: Range<Int>) throws -> [UInt8] {
            let (file, _) = try openRegularFile(FilePath(path))
            defer { try? file.close() }
            return try file.bytes(range, of: FilePath(path))
        }
    }

    /// The folder of the deltas; it need not exist.
    public let folder: FilePath

    /// The shelf of a registry.
    public init(beside registry: FilePath) { folder = FilePath("\(registry).deltas") }

    /// All deltas; files with other names are ignored.
    public func entries() -> [Entry] {
        names.compactMap(entry)
    }

    /// The deltas that produce a file.
    public func entries(to digest: SHA256Digest) -> [Entry] {
        // The names give the digests, so only the matching files are asked for their sizes.
        let part = "-\(digest)-"
        return names.filter { $0.contains(part) }.compactMap(entry)
    }

    private var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []).sorted()
    }

    private func entry(_ name: String) -> Entry? {
        guard let match = name.wholeMatch(of: /([0-9a-f]{64})-([0-9a-f]{64})-([0-9a-f]{64})\.delta/),
            let from = SHA256Digest(hex: match.1), let to = SHA256Digest(hex: match.2),
            let digest = SHA256Digest(hex: match.3)
        else { return nil }
        let path = folder.appending(name)
        guard let bytes = FileStatus(path)?.byteCount else { return nil }
        return Entry(from: from, to: to, digest: digest, bytes: bytes, path: path.string)
    }

    /// The delta between two builds, which is made if it does not exist yet.
    /// - Returns: nil if a delta would not be shorter than 0.6 of the file.
    /// - Throws: `RegistryError`, `GGUFError`, `FileError`, errors of `progress`.
    public func delta(
        from old: BuildRecord,
        to new: BuildRecord,
        in registry: ModelRegistry,
        threads: Int = ProcessInfo.processInfo.activeProcessorCount,
        progress: @escaping WorkProgress
    ) throws -> Entry? {
        if let known = entries(to: new.digest).first(where: { $0.from == old.digest }) { return known }
        let vain = folder.appending("\(old.digest)-\(new.digest).none")
        if FileStatus(vain) != nil { return nil }
        let work = folder.appending(".\(UUID().uuidString)")
        try makeFolder(work)
        defer { try? FileManager.default.removeItem(atPath: work.string) }
        let sides = try [old, new].map { build in
            let path = work.appending("\(build.digest.short).gguf")
            try checkSpace(for: build.fileBytes, at: path)
            try registry.pull(build.name, to: path) { transfer in
                try progress("unpacking \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
            }
            return path
        }
        let made = work.appending("delta")
        do {
            _ = try DeltaMaker(from: sides[0], to: sides[1], level: 19, threads: threads).make(to: made) {
                try progress("comparing \(old.name) with \(new.name)", $0, $1)
            }
        } catch DeltaError.tooLarge {
            try writeFile([], to: vain)
            return nil
        }
        let digest = try SHA256Digest(ofFile: made)
        let path = folder.appending("\(old.digest)-\(new.digest)-\(digest).delta")
        guard rename(made.string, path.string) == 0 else {
            throw FileError("rename into place", path, errno: Errno(rawValue: errno))
        }
        return Entry(
            from: old.digest,
            to: new.digest,
            digest: digest,
            bytes: FileStatus(path)?.byteCount ?? 0,
            path: path.string
        )
    }
}
