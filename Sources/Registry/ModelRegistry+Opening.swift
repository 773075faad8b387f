import BinaryIO
import Foundation
import GRDB
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Creates, checks and opens a registry's database.
extension ModelRegistry {
    /// The largest database that is checked whenever it is opened, in bytes: checking this much takes a few
    /// milliseconds.
    private static let mostCheckedBytes = 8 << 20

    /// Whether there is a file to open.
    /// - Throws: `RegistryError.folder`, `.notARegistry` if the path cannot be a database, or `FileError`.
    static func exists(_ path: FilePath) throws -> Bool {
        var status = stat()
        guard stat(path.string, &status) == 0 else {
            switch Errno(rawValue: errno) {
            case .noSuchFileOrDirectory, .notDirectory: return false
            case let reason: throw FileError("open", path, errno: reason)
            }
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return true
        case S_IFDIR:
            let inside = path.appending("registry.db")
            throw RegistryError.folder(path, suggestion: RegistryFiles.isDatabase(inside) ? inside : nil)
        default: throw RegistryError.notARegistry(path, reason: "it is not a regular file")
        }
    }

    private static func configuration(readOnly: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.busyMode = .timeout(busyTimeout)
        configuration.maximumReaderCount = 4
        configuration.label = "edgepipe.registry"
        configuration.prepareDatabase { database in
            // The file may be untrusted: its triggers and views may call harmless functions only.
            try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
            // Only Apple systems need these to flush the drive's own cache; elsewhere they do nothing.
            try database.execute(sql: "PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON")
        }
        return configuration
    }

    /// Creates an empty registry under a temporary name and links it into place as a whole. If two processes create the
    /// same registry at once, one wins and the other opens the winner's. If the disk is full, no file appears.
    static func makeEmpty(at path: FilePath) throws {
        guard let name = path.lastComponent else { throw RegistryError.missing(path) }
        let draft = path.removingLastComponent()
            .appending(".\(name.string).\(UInt64.random(in: 0 ... .max)).partial")
        defer { for suffix in ["", "-journal", "-wal", "-shm"] { unlink(draft.string + suffix) } }
        try naming(path) {
            // A rollback journal puts every page into the file itself before a call returns. A write-ahead log moves
            // the pages when it is closed, and SQLite does not report whether they found room.
            let queue = try DatabaseQueue(path: draft.string, configuration: configuration(readOnly: false))
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
            }
            try Schema.migrator.migrate(queue)
            try queue.write { try AuditLog.append("create", subject: name.string, detail: "{}", to: $0) }
            try queue.writeWithoutTransaction { _ = try String.fetchOne($0, sql: "PRAGMA journal_mode = WAL") }
            try queue.close()
            try openReader(draft, checksDatabase: true).close()
        }
        // A hard link never replaces a file that another process created. A file system without hard links gets a
        // rename.
        if link(draft.string, path.string) != 0 {
            switch Errno(rawValue: errno) {
            case .fileExists: return
            case .notPermitted, .notSupported:
                guard rename(draft.string, path.string) == 0 else {
                    throw FileError("rename into place", path, errno: Errno(rawValue: errno))
                }
            case let reason: throw FileError("link into place", path, errno: reason)
            }
        }
        try synchronizeFolder(of: path)
    }

    /// Opens a file for reading and checks it first: a file that is rejected stays unchanged.
    private static func openReader(_ path: FilePath, checksDatabase: Bool) throws -> DatabaseQueue {
        do {
            return try lookedAt(try reader(of: path), path, checksDatabase: checksDatabase)
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK {
            // A killed process left a transaction half written, and only a writer can roll it back. That may be done to
            // a registry, and to no other file.
            guard RegistryFiles.isDatabase(path) else { throw error }
            let queue = try DatabaseQueue(path: path.string, configuration: configuration(readOnly: false))
            _ = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
            try queue.close()
            return try lookedAt(try reader(of: path), path, checksDatabase: checksDatabase)
        }
    }

    /// Returns the connection if its file is a registry of a known version; throws otherwise.
    private static func lookedAt(
        _ queue: DatabaseQueue,
        _ path: FilePath,
        checksDatabase: Bool
    ) throws -> DatabaseQueue {
        try queue.read { database in
            let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
            let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            guard application == Schema.applicationID else {
                let what = tables == 0 ? "it is empty" : "it is another program's database"
                throw RegistryError.notARegistry(path, reason: what)
            }
            if try Schema.migrator.hasBeenSuperseded(database) { throw RegistryError.newerFormat(path) }
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            let pageBytes = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0
            // Checking a large file would take seconds. `verify` does it, and SQLite reports damage when it meets it.
            guard checksDatabase, pages <= mostCheckedBytes / max(1, pageBytes) else { return }
            let complaint = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer"
            guard complaint == "ok" else { throw RegistryError.damagedDatabase(path, detail: complaint) }
        }
        return queue
    }

    /// - Parameter checksDatabase: whether a small database must pass SQLite's quick check.
    static func open(_ path: FilePath, _ mode: Mode, checksDatabase: Bool) throws -> any DatabaseWriter {
        let reader = try openReader(path, checksDatabase: checksDatabase)
        if mode == .readOnly { return reader }
        try reader.close()
        let pool = try DatabasePool(path: path.string, configuration: configuration(readOnly: false))
        // The pool itself sets NORMAL, which would let a power failure undo a publication that was reported as done.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        do {
            try Schema.migrator.migrate(pool)
        } catch {
            // Another process may have migrated the same file at the same moment.
            guard try pool.read(Schema.migrator.hasCompletedMigrations) else { throw error }
        }
        return pool
    }

    /// Opens a connection that only reads.
    ///
    /// SQLite keeps a shared-memory file beside a database with a write-ahead log, even for readers. If that file
    /// cannot be created, nobody else can be writing, and the database is read as it is. If a killed process left a log
    /// there, the registry can only be read from a copy.
    private static func reader(of path: FilePath) throws -> DatabaseQueue {
        func open(_ name: String) throws -> DatabaseQueue {
            let queue = try DatabaseQueue(path: name, configuration: configuration(readOnly: true))
            _ = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
            return queue
        }
        do {
            return try open(path.string)
        } catch let error as DatabaseError where !isWritable(path.removingLastComponent()) {
            let reasons: [ResultCode] = [.SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_IOERR, .SQLITE_PERM]
            guard reasons.contains(error.resultCode), access(path.string, R_OK) == 0 else { throw error }
            let log = FilePath(path.string + "-wal")
            if (FileStatus(log)?.byteCount ?? 0) == 0, takesAddresses { return try open(address(of: path)) }
            // The files of the copy need no names once they are open.
            let folder = FilePath(FileManager.default.temporaryDirectory.path).appending("edgepipe-\(PackName())")
            try makeFolder(folder)
            defer { try? FileManager.default.removeItem(atPath: folder.string) }
            let copy = folder.appending("registry.db")
            try duplicate(path, to: copy)
            if FileStatus(log) != nil { try duplicate(log, to: FilePath(copy.string + "-wal")) }
            return try open(copy.string)
        }
    }

    static func isWritable(_ folder: FilePath) -> Bool { access(folder.isEmpty ? "." : folder.string, W_OK) == 0 }

    private static func duplicate(_ path: FilePath, to copy: FilePath) throws {
        let output = try AtomicFile(path: copy, isOfRegistry: true)
        try forEachSlab(of: path) { try output.write($0) }
        try output.commit()
    }

    /// Whether this SQLite accepts `file:` addresses without a flag.
    private static var takesAddresses: Bool {
        (try? DatabaseQueue().read { try Bool.fetchOne($0, sql: "SELECT sqlite_compileoption_used('USE_URI')") })
            == true
    }

    /// Source: sqlite.org/uri.html.
    private static func address(of path: FilePath) -> String {
        let allowed = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-~")
        let real = path.resolvingLinks().string
        return "file:\(real.addingPercentEncoding(withAllowedCharacters: allowed) ?? real)?mode=ro&immutable=1"
    }
}
