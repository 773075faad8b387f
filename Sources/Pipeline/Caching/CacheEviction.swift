import BinaryIO
import Foundation
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// What a folder holds.
public struct CacheStatus: Codable, Sendable {
    /// Where it is.
    public var folder: String
    /// Finished nodes that are remembered.
    public var records: Int
    /// Files of products.
    public var files: Int
    /// What records and files take, in bytes.
    public var bytes: Int
    /// Runs that are at work with it.
    public var runs: Int
    /// Whether another run may be at work; its entries stay.
    public var isInUse: Bool { runs > 0 }
}

/// What was removed of a folder.
public struct CacheEviction: Codable, Sendable {
    /// Files and records that are gone.
    public var removed: Int
    /// What they took, in bytes.
    public var freedBytes: Int
    /// What is left, in bytes.
    public var bytes: Int
    /// What is over the limit and stays because runs are at work with it, in bytes.
    public var inUseBytes: Int
}

extension CacheFolder {
    private struct Entry {
        let path: FilePath
        let byteCount: Int
        /// In nanoseconds since 1970.
        let lastUse: Int
        let notes: [FilePath]
    }

    /// Clocks of file servers are coarse.
    private static let leeway = 2_000_000_000
    private static let oldestUnfinished: TimeInterval = 24 * 3600

    /// Counts what is there. A folder that is not there holds nothing.
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

    /// Removes what was of no use for longest until the rest takes no more than the limit: files first, then records, which are small and
    /// spare a look at files. What a run at work has used stays.
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

    /// What killed runs left.
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
