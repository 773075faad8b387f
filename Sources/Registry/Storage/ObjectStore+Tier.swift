import BinaryIO
import Foundation
import ObjectStorage
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Where a part is read from.
enum PartSource {
    /// The disk, or the tier where the pack is not on the disk.
    case nearest
    case tier
}

/// Files of which some are in object storage. Those that are here are a cache of it, up to a bound, or were not brought
/// there yet.
extension ObjectStore {
    /// What a file is called in the tier: its path below the folder of objects.
    func tierName(of path: FilePath) -> String {
        path.components.dropFirst(root.components.count).map(\.string).joined(separator: "/")
    }

    /// The cheap check of one file: it is here and as long as it should be, or else in the tier.
    /// - Throws: `ObjectStorageError` where the tier cannot be asked.
    func holds(_ path: FilePath, byteCount: Int) throws -> Bool {
        if let size = Self.size(of: path) { return size == byteCount }
        return try tier?.size(of: tierName(of: path)) == byteCount
    }

    /// Whether the tier has a file of this length, whatever is here.
    /// - Throws: `ObjectStorageError` where the tier cannot be asked.
    func isAway(_ path: FilePath, byteCount: Int) throws -> Bool {
        try tier?.size(of: tierName(of: path)) == byteCount
    }

    /// The address of a file in the tier, for messages.
    func tierAddress(of path: FilePath) -> String { tier?.address(of: tierName(of: path)) ?? path.string }

    /// Reads the bytes of a part, as they are stored, out of the tier.
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

    /// Makes sure that an object in one file is here, where the tier has it.
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

    /// Fetches the packs that are not here and that these parts are most of. Of the others only the parts themselves
    /// are read, as they are needed.
    /// - Throws: `ObjectStorageError` where the tier cannot be asked. What it lacks is found when parts are read.
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
                // No room, or a folder that cannot be written: the parts are read one by one, and none are kept.
                return
            } catch let error as ObjectStorageError {
                guard case .wrongSize = error else { throw error }
            }
        }
    }

    /// - Returns: false where the tier has no such file.
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

    /// Says that a file was used: what was not used for longest goes first.
    private func touch(_ path: FilePath) {
        // Not each time, since a change of time makes a file look replaced.
        guard let age = Self.age(of: path), age > 60 else { return }
        _ = utimensat(AT_FDCWD, path.string, nil, AT_SYMLINK_NOFOLLOW)
    }

    /// Makes room after something came.
    func trim() {
        if tier?.takeGrowth() == true { makeRoom() }
    }

    /// The files that were not used for longest go, as far as the tier has them with the same size, until the others
    /// keep to the bound. That it cannot be asked is no failure of what was done before.
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

    /// The files of objects and packs that are here.
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
