import BinaryIO
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The folder of a site while it is written. Files appear whole, under their names, one after the other; what is not part of the
/// site any more goes at the end. A killed export leaves a site in which every link still leads somewhere, and a list by which the
/// next one goes on.
package final class SiteFolder {
    /// Where the list, the lock and unfinished files are; hosts do not serve folders with a dot.
    package static let stateFolder = ".edgepipe-site"

    let root: FilePath
    private let lock: FileDescriptor
    private var list: SiteList
    /// What the site consists of; a file of the list that is not among them goes.
    private var planned: Set<String> = []
    private var serial = 0
    /// Folders that got files since they were last synced.
    private var unsynced: Set<FilePath> = []
    private(set) var written = 0
    private(set) var kept = 0
    package private(set) var removed = 0

    private var state: FilePath { root.appending(Self.stateFolder) }
    private var listPath: FilePath { state.appending("files.json") }
    private var incoming: FilePath { state.appending("incoming") }

    /// Locks the folder, which is made where there is none, and reads the list of its files.
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

    /// Says which files the site will have, before any is written: what a killed export leaves is known by this.
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

    /// Writes a file, unless it is there with these bytes.
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

    /// Adds a large file by its digest. One that is there is kept: its digest is recorded, or it is read once.
    /// - Parameter make: writes the file, whose bytes are verified and durable when it returns.
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

    /// Removes what is not part of the site any more, and writes the list.
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

    /// Makes the names of all files so far durable: what names them may be written after this.
    func settle() throws {
        for folder in unsynced.sorted(by: { $0.string < $1.string }) {
            try synchronizeFolder(of: folder.appending("any"))
        }
        unsynced = []
    }

    /// Keeps what is known so far, so that another export need not read large files again.
    func saveList() throws { try writeFile(try list.encoded(), to: listPath) }

    /// How many bytes of a file are missing: none where it is there as the list says.
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

    /// A name for a file that is not finished, on the disk of the site.
    private func temporaryFile() -> FilePath {
        serial += 1
        return incoming.appending("\(serial)")
    }

    private func target(_ path: String) -> FilePath { root.pushing(FilePath(path)) }

    private func removeEmptyFolders(above path: String) {
        var folder = FilePath(path).removingLastComponent()
        while !folder.isEmpty, rmdir(root.pushing(folder).string) == 0 { folder.removeLastComponent() }
    }

    /// Removes what killed exports left; nobody else writes here while the lock is held.
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
