import BinaryIO
import Delta
import Foundation
import Registry
import SystemPackage
import Work

/// Deltas between builds of a registry, in a folder beside it: made once, then offered by whoever carries the builds.
///
/// A file is named by the digests of the build that it leads from, of the one that it leads to, and of itself. That a delta is not
/// worth its trouble is noted too, by an empty file, so that nobody tries again.
public struct DeltaShelf: Sendable {
    /// A delta.
    public struct Entry: Codable, Hashable, Sendable {
        /// Of the file that phones have.
        public var from: SHA256Digest
        /// Of the file that it leads to.
        public var to: SHA256Digest
        /// Of the delta.
        public var digest: SHA256Digest
        /// Of the delta.
        public var bytes: Int
        /// Where it is.
        public var path: String

        /// Bytes of it.
        /// - Throws: `FileError`.
        package func read(_ range: Range<Int>) throws -> [UInt8] {
            let (file, _) = try openRegularFile(FilePath(path))
            defer { try? file.close() }
            return try file.bytes(range, of: FilePath(path))
        }
    }

    /// Where they are; it need not be there.
    public let folder: FilePath

    /// The shelf of a registry.
    public init(beside registry: FilePath) { folder = FilePath("\(registry).deltas") }

    /// All that is there; what is named otherwise is none of ours.
    public func entries() -> [Entry] {
        names.compactMap(entry)
    }

    /// Those that lead to a file.
    public func entries(to digest: SHA256Digest) -> [Entry] {
        // The names tell; only those that are wanted are asked for their sizes.
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

    /// The delta between two builds; it is made where it is not here yet.
    /// - Returns: nil where a delta would be no shorter than 0.6 of the file.
    /// - Throws: `RegistryError`, `GGUFError`, `FileError`, and whatever `progress` throws.
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
