import BinaryIO
import Foundation
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The stored bytes of one build, as its row describes them.
struct StoredObject: Hashable, Sendable {
    let digest: SHA256Digest
    let encoding: ObjectEncoding
    let rawBytes: Int
    let storedBytes: Int
}

/// The folder of objects: write-once files named by the SHA-256 of their raw bytes.
struct ObjectStore: Sendable {
    let root: FilePath
    /// Object storage for the files that are not on the disk; nil if all of them are.
    let tier: ObjectTier?

    /// `registry.db` keeps its objects in `registry.db.objects`.
    /// - Throws: `RegistryError` if a `tier.json` exists and cannot be read.
    init(beside database: FilePath, _ access: TierAccess = TierAccess()) throws {
        var root = database
        let name = database.lastComponent?.string ?? "registry"
        root.removeLastComponent()
        self.root = root.appending(name + RegistryFiles.objectsSuffix)
        tier = try TierNote(in: self.root).map { ObjectTier($0, access) }
    }

    init(root: FilePath, tier: ObjectTier?) { (self.root, self.tier) = (root, tier) }

    var incoming: FilePath { root.appending("incoming") }
    var objects: FilePath { root.appending("sha256") }

    /// The path of an object. A digest is 32 bytes by type, so no text from a database or a user ever becomes a path.
    func path(of digest: SHA256Digest, _ encoding: ObjectEncoding) -> FilePath {
        let hex = digest.description
        let suffix = encoding == .zstd ? ".zst" : ""
        return objects.appending(String(hex.prefix(2))).appending(hex + suffix)
    }

    /// - Precondition: the object is one file, not a list of parts.
    func path(of object: StoredObject) -> FilePath {
        precondition(object.encoding != .parts, "an object in parts has no file of its own")
        return path(of: object.digest, object.encoding)
    }

    /// A cheap check: the file exists and has the length in its row.
    func hasRightSize(_ object: StoredObject) throws -> Bool {
        try holds(path(of: object), byteCount: object.storedBytes)
    }

    /// The length of a regular file, in bytes; nil if there is none or it is a symbolic link.
    static func size(of path: FilePath) -> Int? {
        var status = stat()
        guard lstat(path.string, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// The length of one of the registry's files, in bytes; nil if it is missing or a symbolic link.
    /// - Throws: `RegistryError.objectsMissing` if the whole folder is missing; `.unreadable` if the system gives no
    ///   length.
    func size(ofOwn path: FilePath) throws -> Int? {
        if let size = Self.size(of: path) { return size }
        var status = stat()
        if lstat(path.string, &status) != 0 {
            let reason = Errno(rawValue: errno)
            guard [.noSuchFileOrDirectory, .notDirectory].contains(reason) else {
                throw RegistryError.unreadable(path, reason: "\(reason)")
            }
            if let absence { throw absence }
        }
        return nil
    }

    /// The error if the folder of objects is not beside the database, or its disk is not mounted.
    var absence: RegistryError? {
        guard Self.isFolder(root) else { return .objectsMissing(root, isEmpty: false) }
        return tier != nil || Self.isFolder(packs) || Self.isFolder(objects)
            ? nil : .objectsMissing(root, isEmpty: true)
    }

    /// Runs `body`, which reads one of the registry's files, and turns errors of the system into `RegistryError`.
    static func reading<Value>(_ path: FilePath, _ body: () throws -> Value) throws -> Value {
        func refusal(_ reason: Errno) -> RegistryError? {
            [.permissionDenied, .notPermitted].contains(reason) ? .unreadable(path, reason: "\(reason)") : nil
        }
        do {
            return try body()
        } catch let reason as Errno {
            throw refusal(reason) ?? FileError("read", path, errno: reason)
        } catch let error as FileError where error.path == path {
            throw error.errno.flatMap(refusal) ?? error
        }
    }

    /// Whether there is a file, a link or anything else under this name.
    static func isAnything(_ path: FilePath) -> Bool {
        var status = stat()
        return lstat(path.string, &status) == 0
    }

    func makeFolderIfNeeded(_ path: FilePath, _ isNeeded: Bool) throws {
        if isNeeded { try makeFolder(path) }
    }

    /// Creates a folder and its parents, each durable before anything is put inside.
    func makeFolder(_ path: FilePath) throws {
        if mkdir(path.string, 0o755) == 0 {
            try synchronizeFolder(of: path)
            return
        }
        switch Errno(rawValue: errno) {
        case .fileExists:
            guard Self.isFolder(path) else {
                throw FileError("use as a folder", path, because: "a file has this name. Move it away and try again.")
            }
        case .noSuchFileOrDirectory where path != root:
            try makeFolder(path.removingLastComponent())
            try makeFolder(path)
        case let reason:
            throw FileError("create the folder", path, errno: reason)
        }
    }

    private static func isFolder(_ path: FilePath) -> Bool {
        var status = stat()
        return stat(path.string, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
