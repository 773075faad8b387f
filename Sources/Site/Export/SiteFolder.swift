import BinaryIO
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The folder of a site while it is written. Each file appears whole under its final name; files that are no longer
/// part of the site are removed at the end. A killed export leaves a site without broken links, and a list from which
/// the next export resumes.
package final class SiteFolder {
    /// The folder of the list, the lock and unfinished files; hosts do not serve folders whose names begin with a dot.
    package static let stateFolder = ".edgepipe-site"

    let root: FilePath
    private let lock: FileDescriptor
    private var list: SiteList
    /// The files of the site; any other file in the list is removed.
    private var planned: Set<String> = []
    private var serial = 0
    /// Folders that received files since they were last synced.
    private var unsynced: Set<FilePath> = []
    private(set) var written = 0
    private(set) var kept = 0
    package private(set) var removed = 0

    private var state: FilePath { root.appending(Self.stateFolder) }
    private var listPath: FilePath { state.appending("files.json") }
    private var incoming: FilePath { state.appending("incoming") }

    /// Locks the folder, which is created if it does not exist, and reads the list of its files.
    /// - Throws: `SiteExportError.busy`, `.unreadableList`; `FileError`.
    package init(_ root: FilePath) throws {
        guard !RegistryFiles.protects(root) else {
            throw FileError("write", root, because: "it belongs to a registry. Choose another folder.")
        }
        self.root = root
        let state = root.appending(Self.stateFolder)
        try makeFolder(state.appending("incoming"))
        let path = state.appending("lock")
        let lock = try naming("open", path) {
            try FileDescriptor.open(
                path,
                .readWrite,
                options: [.create, .noFollow, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
        }
        guard flock(lock.rawValue, LOCK_EX | LOCK_NB) == 0 else {
            let reason = Errno(rawValue: errno)
            try? lock.close()
            guard reason == .wouldBlock else { throw FileError("lock", path, errno: reason) }
            throw SiteExportError.busy(root)
        }
        self.lock = lock
        do {
            list = try SiteList(state.appending("files.json"))
        } catch {
            try? lock.close()
            throw error
        }
        Self.empty(state.appending("incoming"))
    }

    deinit { try? lock.close() }

    /// Records the files of the site before any is written, so that the files of a killed export are recognized.
    /// - Throws: `SiteExportError.foreignFile`.
    package func begin(_ paths: some Sequence<String>) throws {
        planned = Set(paths)
        (written, kept, removed) = (0, 0, 0)
        for path in planned.sorted() where list.files[path] == nil {
            guard FileStatus(target(path)) == nil else { throw SiteExportError.foreignFile(target(path)) }
            list.files[path] = SiteList.Entry(sha256: nil, size: 0, modified: 0)
        }
        try saveList()
    }

    /// Writes a file, unless it already has these bytes.
    package func write(_ bytes: [UInt8], to path: String) throws {
        precondition(planned.contains(path), "\(path) is not planned")
        let digest = SHA256Digest(of: bytes)
        if isKept(path, digest, bytes.count) { return }
        let temporary = temporaryFile()
        try naming("write", temporary) {
            let descriptor = try FileDescriptor.open(
                temporary,
                .writeOnly,
                options: [.create, .exclusiveCreate, .noFollow],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
            try descriptor.closeAfter {
                _ = try descriptor.writeAll(bytes)
                try synchronize(descriptor)
            }
        }
        try place(temporary, as: path, digest, bytes.count)
    }

    /// Adds a large file by its digest. An existing file is kept if its recorded digest matches; a file without a
    /// recorded digest is read once.
    /// - Parameter make: writes the file, whose bytes must be verified and durable when it returns.
    func add(_ path: String, digest: SHA256Digest, size: Int, make: (FilePath) throws -> Void) throws {
        precondition(planned.contains(path), "\(path) is not planned")
        if isKept(path, digest, size) { return }
        if let status = FileStatus(target(path)), status.kind == .file, status.byteCount == size,
            try SHA256Digest(ofFile: target(path)) == digest
        {
            list.files[path] = .init(sha256: digest, size: size, modified: status.modified)
            kept += 1
            return
        }
        let temporary = temporaryFile()
        try make(temporary)
        try place(temporary, as: path, digest, size)
    }

    /// Removes files that are no longer part of the site, and writes the list.
    package func finish() throws {
        try settle()
        for path in list.files.keys.sorted() where !planned.contains(path) {
            let file = target(path)
            if unlink(file.string) == 0 {
                removed += 1
            } else if errno != ENOENT, errno != ENOTDIR {
                throw FileError("remove", file, errno: Errno(rawValue: errno))
            }
            list.files[path] = nil
            removeEmptyFolders(above: path)
        }
        try saveList()
        rmdir(incoming.string)
    }

    /// Makes the names of all files so far durable; documents that link to them may be written after this.
    func settle() throws {
        for folder in unsynced.sorted(by: { $0.string < $1.string }) {
            try synchronizeFolder(of: folder.appending("any"))
        }
        unsynced = []
    }

    /// Saves the digests known so far, so that another export need not read large files again.
    func saveList() throws { try writeFile(try list.encoded(), to: listPath) }

    /// The number of bytes to write for a file: 0 if it is on the disk as the list records it.
    func missingBytes(of path: String, digest: SHA256Digest, size: Int) -> Int {
        if let entry = list.files[path], entry.sha256 == digest, let status = FileStatus(target(path)),
            status.byteCount == size
        {
            return 0
        }
        return size
    }

    private func isKept(_ path: String, _ digest: SHA256Digest, _ size: Int) -> Bool {
        guard let entry = list.files[path], entry.sha256 == digest, entry.size == size,
            let status = FileStatus(target(path)), status.kind == .file, status.byteCount == size,
            status.modified == entry.modified
        else { return false }
        kept += 1
        return true
    }

    private func place(_ temporary: FilePath, as path: String, _ digest: SHA256Digest, _ size: Int) throws {
        let target = target(path)
        try makeFolder(target.removingLastComponent())
        guard rename(temporary.string, target.string) == 0 else {
            let reason = Errno(rawValue: errno)
            unlink(temporary.string)
            throw FileError("rename into place", target, errno: reason)
        }
        unsynced.insert(target.removingLastComponent())
        list.files[path] = .init(sha256: digest, size: size, modified: FileStatus(target)?.modified ?? 0)
        written += 1
    }

    /// A path for an unfinished file, on the disk of the site.
    private func temporaryFile() -> FilePath {
        serial += 1
        return incoming.appending("\(serial)")
    }

    private func target(_ path: String) -> FilePath { root.pushing(FilePath(path)) }

    private func removeEmptyFolders(above path: String) {
        var folder = FilePath(path).removingLastComponent()
        while !folder.isEmpty, rmdir(root.pushing(folder).string) == 0 { folder.removeLastComponent() }
    }

    /// Removes the unfinished files of killed exports; nobody else writes here while the lock is held.
    private static func empty(_ folder: FilePath) {
        guard let stream = opendir(folder.string) else { return }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { unlink(folder.appending(name).string) }
        }
    }
}
