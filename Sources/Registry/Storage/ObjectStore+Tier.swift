import BinaryIO
import Foundation
import ObjectStorage
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The place a part is read from.
enum PartSource {
    /// The disk, or object storage if the pack is not on the disk.
    case nearest
    case tier
}

/// A store with some files in object storage. The files on the disk are a cache up to a limit, or were not uploaded
/// yet.
extension ObjectStore {
    /// The name of a file in object storage: its path below the folder of objects.
    func tierName(of path: FilePath) -> String {
        path.components.dropFirst(root.components.count).map(\.string).joined(separator: "/")
    }

    /// A cheap check of one file: it is on the disk with the right length, or else in object storage.
    /// - Throws: `ObjectStorageError` if object storage cannot be reached.
    func holds(_ path: FilePath, byteCount: Int) throws -> Bool {
        if let size = Self.size(of: path) { return size == byteCount }
        return try tier?.size(of: tierName(of: path)) == byteCount
    }

    /// Whether object storage has a file of this length, even if it is on the disk too.
    /// - Throws: `ObjectStorageError` if object storage cannot be reached.
    func isAway(_ path: FilePath, byteCount: Int) throws -> Bool {
        try tier?.size(of: tierName(of: path)) == byteCount
    }

    /// The address of a file in object storage, for messages.
    func tierAddress(of path: FilePath) -> String { tier?.address(of: tierName(of: path)) ?? path.string }

    /// Reads the stored bytes of a part from object storage.
    func readAway(
        _ part: StoredPart,
        _ path: FilePath,
        into target: UnsafeMutableRawBufferPointer,
        _ isSalvage: Bool,
        _ damage: (String) -> RegistryError
    ) throws {
        guard let tier else { throw damage("the pack is missing") }
        let name = tierName(of: path)
        let bytes: [UInt8]?
        do {
            let range = part.offset..<(part.offset + part.storedBytes)
            bytes = try tier.asking {
                try $0.bytes(range, of: name, byteCount: isSalvage ? nil : part.pack.byteCount)
            }
        } catch let error as ObjectStorageError {
            guard case .wrongSize = error else { throw error }
            throw damage("\(error)".trimmingSuffix("."))
        }
        guard let bytes else { throw damage("the pack is not here, and there is no \(tier.address(of: name))") }
        target.copyBytes(from: bytes)
    }

    /// Downloads an object in one file, if it is in object storage and not on the disk.
    /// - Throws: `RegistryError.damagedObject`, `ObjectStorageError`, `FileError`.
    func bring(_ object: StoredObject) throws {
        let path = path(of: object)
        guard let tier else { return }
        let name = tierName(of: path)
        func damage(_ detail: String) -> RegistryError { .damagedObject(object.digest, path: path, detail: detail) }
        guard Self.size(of: path) == nil else { return touch(path) }
        if let absence { throw absence }
        do {
            guard try fetch(path, byteCount: object.storedBytes) else {
                throw damage("the file is not here, and there is no \(tier.address(of: name))")
            }
        } catch let error as ObjectStorageError {
            guard case .wrongSize = error else { throw error }
            throw damage("\(error)".trimmingSuffix("."))
        }
    }

    /// Downloads the missing packs that consist mostly of these parts. From the other packs, only the parts themselves
    /// are read when they are needed.
    /// - Throws: `ObjectStorageError` if object storage cannot be reached. Missing files are reported when parts are
    ///   read.
    func bring(_ parts: [StoredPart]) throws {
        guard tier != nil, absence == nil else { return }
        let used = Dictionary(Set(parts).map { ($0.pack, $0.storedBytes) }, uniquingKeysWith: &+)
        for (pack, bytes) in used {
            let path = path(of: pack.name)
            guard Self.size(of: path) == nil else {
                touch(path)
                continue
            }
            guard pack.byteCount > 0, bytes >= pack.byteCount / 2 else { continue }
            do {
                _ = try fetch(path, byteCount: pack.byteCount)
            } catch is FileError {
                // The disk is full or the folder is read-only: the parts are read one by one and not kept.
                return
            } catch let error as ObjectStorageError {
                guard case .wrongSize = error else { throw error }
            }
        }
    }

    /// - Returns: false if object storage has no such file.
    func fetch(
        _ path: FilePath,
        byteCount: Int,
        advance: @escaping @Sendable (Int) throws -> Void = { _ in }
    ) throws -> Bool {
        guard let tier else { return false }
        try makeFolder(incoming)
        let temporary = incoming.appending("\(PackName()).fetch")
        defer { Self.remove(temporary) }
        let name = tierName(of: path)
        let isThere = try tier.asking {
            try $0.fetch(name, byteCount: byteCount, to: temporary, advance: advance)
        }
        guard isThere else { return false }
        try settle(temporary, as: path, replacing: false)
        tier.noteGrowth()
        return true
    }

    /// Records that a file was used: the least recently used file is removed first.
    private func touch(_ path: FilePath) {
        // At most once a minute, because a changed time makes a file look replaced.
        guard let age = Self.age(of: path), age > 60 else { return }
        _ = utimensat(AT_FDCWD, path.string, nil, AT_SYMLINK_NOFOLLOW)
    }

    /// Makes room after a download.
    func trim() {
        if tier?.takeGrowth() == true { makeRoom() }
    }

    /// Removes the least recently used files that object storage has with the same size, until the rest is within the
    /// limit. If object storage cannot be reached, the caller's work still succeeds.
    func makeRoom() {
        guard let tier else { return }
        var files = here().map { (path: $0.path, size: $0.byteCount, age: Self.age(of: $0.path) ?? 0) }
        var total = files.reduce(0) { $0 &+ $1.size }
        guard total > tier.note.cacheBytes else { return }
        files.sort { $0.age > $1.age }
        for file in files where total > tier.note.cacheBytes {
            let known: Int?
            do { known = try tier.size(of: tierName(of: file.path)) } catch { return }
            guard known == file.size else { continue }
            Self.remove(file.path)
            total -= file.size
        }
    }

    /// The files of objects and packs on the disk.
    func here() -> [(path: FilePath, byteCount: Int)] {
        [objects, packs].flatMap(Self.contents).flatMap(Self.contents).compactMap { path in
            Self.size(of: path).map { (path, $0) }
        }
    }

    private static func contents(_ folder: FilePath) -> [FilePath] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.string))?.sorted().map(folder.appending) ?? []
    }

    /// Seconds since a file was used or written.
    private static func age(of path: FilePath) -> Double? {
        var status = stat()
        guard lstat(path.string, &status) == 0 else { return nil }
        #if canImport(Darwin)
            let time = status.st_mtimespec
        #else
            let time = status.st_mtim
        #endif
        return max(0, Date().timeIntervalSince1970 - Double(time.tv_sec) - Double(time.tv_nsec) * 1e-9)
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
