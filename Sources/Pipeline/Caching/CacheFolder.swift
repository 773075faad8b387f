import BinaryIO
import Foundation
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A cache in a plain folder, which several programs and machines may use at once, also over a network file system.
///
///     ac/<key>             a record, see `ActionRecord`
///     cas/<sha256>         a file
///     seen/<machine>/<sha256>   when a machine last used a file, and its size and time when its bytes were last right
///     inputs/, speeds/     digests of files outside, and how fast kinds of steps were
///     leases/, making/     runs that are at work, and the nodes that each is making
///     tmp/                 files that are being written
///
/// It needs no locks and no database: a rename makes each file appear whole, and files appear before the record that
/// names them. Two writers of the same entry write the same bytes.
package struct CacheFolder: Sendable {
    package let root: FilePath

    package init(_ root: FilePath) { self.root = root.lexicallyNormalized() }

    var actions: FilePath { root.appending("ac") }
    var contents: FilePath { root.appending("cas") }
    var notes: FilePath { root.appending("seen") }
    var leases: FilePath { root.appending("leases") }
    var claims: FilePath { root.appending("making") }
    var unfinished: FilePath { root.appending("tmp") }

    func path(ofRecord key: SHA256Digest) -> FilePath { actions.appending("\(key)") }

    /// Returns the path of a file, whether or not it exists.
    package func path(of file: CachedFile) -> FilePath { contents.appending("\(file.digest)") }

    /// Makes the folder, or finds out before hours of work that it cannot be used.
    /// - Throws: `CacheError.unusable`.
    package func prepare(forWriting isWritable: Bool) throws {
        do {
            guard isWritable else {
                guard let status = FileStatus(root) else { return }
                guard status.isFolder else { throw FileError("open", root, errno: .notDirectory) }
                guard access(root.string, R_OK | X_OK) == 0 else {
                    throw FileError("open", root, errno: Errno(rawValue: errno))
                }
                return
            }
            for folder in [actions, contents, unfinished] { try makeFolder(folder) }
            // Only writing shows whether the folder is writable.
            let probe = try SharedFile(in: unfinished)
            _ = consume probe
        } catch let error as FileError {
            throw CacheError.unusable(root, reason: error.errno.map { "\($0)" } ?? "\(error)")
        }
    }

    // MARK: Records

    /// Reads the record under a key; nil if there is none or it cannot be read.
    package func record(for key: SHA256Digest) -> [UInt8]? {
        try? readFile(path(ofRecord: key), limit: ActionRecord.sizeLimit)
    }

    package func put(record: [UInt8], for key: SHA256Digest) throws {
        try write(record, to: path(ofRecord: key))
    }

    /// Marks a record as used: entries with the oldest use are evicted first.
    func touch(_ key: SHA256Digest) { Self.touch(path(ofRecord: key)) }

    static func touch(_ path: FilePath) { utimensat(AT_FDCWD, path.string, nil, 0) }

    /// - Parameter isDurable: false for notes, whose loss costs little.
    func write(_ bytes: [UInt8], to path: FilePath, isDurable: Bool = true) throws {
        try makeFolder(path.removingLastComponent())
        var file = try SharedFile(in: unfinished)
        try bytes.withUnsafeBytes { try file.write($0) }
        try file.commit(as: path, isDurable: isDurable)
    }

    // MARK: Files

    /// Returns the path of an intact file; nil if it is missing or changed.
    ///
    /// The bytes are trusted while size and time equal those that this machine recorded when it last checked the
    /// digest; otherwise they are hashed.
    /// - Parameter noting: whether to record the check.
    package func intactFile(_ file: CachedFile, noting: Bool) -> FilePath? {
        let path = path(of: file)
        guard let status = FileStatus(path), status.kind == .file, status.byteCount == file.byteCount else {
            return nil
        }
        let note = note(of: file.digest)
        if (try? readFile(note, limit: 100)) == Self.text(status) {
            if noting { Self.touch(note) }
            return path
        }
        guard (try? SHA256Digest(ofFile: path)) == file.digest else { return nil }
        if noting { see(file, status) }
        return path
    }

    /// Moves a finished file into the folder: by a rename on the same disk, otherwise by copying its bytes.
    /// - Parameter path: a file with these bytes; it is gone afterwards.
    /// - Returns: the new path.
    /// - Throws: `FileError`; the file is still at its old path.
    package func take(_ file: CachedFile, from path: FilePath) throws -> FilePath {
        let target = self.path(of: file)
        try makeFolder(contents)
        if intactFile(file, noting: true) != nil {
            unlink(path.string)
            return target
        }
        if rename(path.string, target.string) == 0 {
            try synchronizeFolder(of: target)
            seal(file)
            return target
        }
        guard errno == EXDEV else { throw FileError("rename into place", target, errno: Errno(rawValue: errno)) }
        try copy(file, from: path)
        unlink(path.string)
        return target
    }

    /// Copies a file into the folder; its blocks are shared if the disk supports it.
    /// - Throws: `FileError`, also if the bytes do not match the digest.
    package func copy(_ file: CachedFile, from path: FilePath) throws {
        try makeFolder(contents)
        var copy = try SharedFile(in: unfinished)
        if !copy.clone(path) {
            var hasher = SHA256Hasher()
            try forEachSlab(of: path) { slab in
                hasher.update(slab)
                try copy.write(slab)
            }
            guard hasher.finalize() == file.digest else {
                throw FileError("copy", path, because: "its bytes changed while they were read. Check the disk.")
            }
        }
        try copy.commit(as: self.path(of: file))
        seal(file)
    }

    /// Seals a file whose bytes are right: it becomes read-only, and this machine records the check.
    func seal(_ file: CachedFile) {
        let path = path(of: file)
        chmod(path.string, 0o444)
        if let status = FileStatus(path) { see(file, status) }
    }

    private func see(_ file: CachedFile, _ status: FileStatus) {
        try? write(Self.text(status), to: note(of: file.digest), isDurable: false)
    }

    /// Returns the path of a file without checking its bytes, for a client that checks them.
    /// - Returns: nil if it does not exist.
    package func offered(_ digest: SHA256Digest) -> (path: FilePath, byteCount: Int)? {
        let path = contents.appending("\(digest)")
        guard let status = FileStatus(path), status.kind == .file else { return nil }
        Self.touch(note(of: digest))
        return (path, status.byteCount)
    }

    func note(of digest: SHA256Digest) -> FilePath { notes.appending(Machine.name).appending("\(digest)") }

    private static func text(_ status: FileStatus) -> [UInt8] { Array("\(status.byteCount) \(status.modified)\n".utf8) }
}

extension CacheFolder: CachePlace {
    package func mayHold(_ file: CachedFile) -> Bool { FileStatus(path(of: file))?.byteCount == file.byteCount }

    package func fetch(_ file: CachedFile, into folder: CacheFolder) throws -> Bool {
        guard let path = intactFile(file, noting: false) else { return false }
        try folder.copy(file, from: path)
        return true
    }

    package func put(_ file: CachedFile, from path: FilePath) throws {
        if !mayHold(file) { try copy(file, from: path) }
    }
}
