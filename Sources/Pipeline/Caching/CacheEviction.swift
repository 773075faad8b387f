import BinaryIO
import Foundation
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The contents of a folder.
public struct CacheStatus: Codable, Sendable {
    /// The path of the folder.
    public var folder: String
    /// The number of records of finished nodes.
    public var records: Int
    /// The number of product files.
    public var files: Int
    /// The size of records and files, in bytes.
    public var bytes: Int
    /// The number of runs that currently use the folder.
    public var runs: Int
    /// Whether another run may be using the folder; its entries are kept.
    public var isInUse: Bool { runs > 0 }
}

/// What was removed from a folder.
public struct CacheEviction: Codable, Sendable {
    /// The number of removed files and records.
    public var removed: Int
    /// The size of the removed entries, in bytes.
    public var freedBytes: Int
    /// The size of the remaining entries, in bytes.
    public var bytes: Int
    /// The bytes over the limit that are kept because runs use them.
    public var inUseBytes: Int
}

extension CacheFolder {
    private struct Entry {
        let path: FilePath
        let byteCount: Int
        /// The time of the last use, in nanoseconds since 1970.
        let lastUse: Int
        let notes: [FilePath]
    }

    /// The tolerance for the coarse clocks of file servers, in nanoseconds.
    private static let leeway = 2_000_000_000
    private static let oldestUnfinished: TimeInterval = 24 * 3600

    /// Counts the entries. A missing folder has none.
    package func status() -> CacheStatus {
        let (records, files) = (recordEntries(), fileEntries())
        _ = CacheLease.earliest(in: self)
        return CacheStatus(
            folder: root.string,
            records: records.count,
            files: files.count,
            bytes: (records + files).reduce(0) { $0 + $1.byteCount },
            runs: names(in: leases).count
        )
    }

    /// Removes the entries with the oldest use until the rest is within the limit: files first, then records, which are
    /// small and save a look at files. Entries used by an active run are kept.
    /// - Parameter limit: in bytes.
    package func evict(to limit: Int) -> CacheEviction {
        let begun = CacheLease.earliest(in: self).map { $0 - Self.leeway } ?? .max
        var eviction = CacheEviction(removed: 0, freedBytes: 0, bytes: 0, inUseBytes: 0)
        let (files, records) = (fileEntries(), recordEntries())
        eviction.bytes = (files + records).reduce(0) { $0 + $1.byteCount }
        for entry in files.sorted(by: { $0.lastUse < $1.lastUse }) + records.sorted(by: { $0.lastUse < $1.lastUse }) {
            guard eviction.bytes > limit else { break }
            guard entry.lastUse < begun else {
                eviction.inUseBytes += entry.byteCount
                continue
            }
            guard unlink(entry.path.string) == 0 else { continue }
            entry.notes.forEach { unlink($0.string) }
            eviction.removed += 1
            eviction.freedBytes += entry.byteCount
            eviction.bytes -= entry.byteCount
        }
        removeUnfinished()
        return eviction
    }

    private func recordEntries() -> [Entry] {
        digests(in: actions).compactMap { digest in
            let path = path(ofRecord: digest)
            guard let status = FileStatus(path), status.kind == .file else { return nil }
            return Entry(path: path, byteCount: status.byteCount, lastUse: status.modified, notes: [])
        }
    }

    private func fileEntries() -> [Entry] {
        let machines = names(in: notes).map { notes.appending($0) }
        return digests(in: contents).compactMap { digest in
            let path = contents.appending("\(digest)")
            guard let status = FileStatus(path), status.kind == .file else { return nil }
            let notes = machines.map { $0.appending("\(digest)") }.filter { FileStatus($0) != nil }
            let lastUse = (notes.compactMap { FileStatus($0)?.modified } + [status.modified]).max() ?? 0
            return Entry(path: path, byteCount: status.byteCount, lastUse: lastUse, notes: notes)
        }
    }

    /// Removes the files that killed runs left.
    private func removeUnfinished() {
        let now = Date().timeIntervalSince1970
        for name in names(in: unfinished) {
            let path = unfinished.appending(name)
            guard let status = FileStatus(path), now - Double(status.modified) / 1e9 > Self.oldestUnfinished else {
                continue
            }
            unlink(path.string)
        }
    }

    private func digests(in folder: FilePath) -> [SHA256Digest] {
        names(in: folder).compactMap { SHA256Digest(hex: $0) }
    }

    private func names(in folder: FilePath) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
    }
}
