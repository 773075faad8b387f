import BinaryIO
import Foundation
import GRDB
import SystemPackage

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// A registry of builds: one SQLite file, and beside it a folder of objects.
///
/// Several threads, and several processes of one machine, may use the same registry at once. Calls block; they are made
/// for the synchronous rooms and belong on a thread that may wait.
public final class ModelRegistry: Sendable {
    public enum Mode: Sendable {
        /// Opens the registry, and makes an empty one where there is no file.
        case create
        case openExisting
        /// Never writes to the database; needs a folder where SQLite can keep its shared-memory file.
        case readOnly
    }

    /// How long a call waits for another writer, in seconds.
    static let busyTimeout: Double = 30

    /// Up to which size a database is gone through whenever it is opened, in bytes: what takes a few milliseconds.
    private static let mostCheckedBytes = 8 << 20

    public let path: FilePath
    let store: ObjectStore
    /// Writes go through `change`, reads through `look`: both give SQLite's errors the registry's words.
    private let database: any DatabaseWriter
    private let isReadOnly: Bool

    /// - Throws: `RegistryError` where there is no registry, another kind of file, a damaged one, or one that a newer
    ///   edgepipe has written. A file that is refused is not changed.
    /// - Parameter checksDatabase: refuse a small database that does not pass SQLite's quick check; a repair looks itself.
    public init(path: FilePath, mode: Mode, checksDatabase: Bool = true) throws {
        self.path = path
        store = ObjectStore(beside: path)
        isReadOnly = mode == .readOnly
        if mode == .create, !Self.exists(path) { try Self.makeEmpty(at: path) }
        guard Self.exists(path) else { throw RegistryError.missing(path) }
        database = try Self.naming(path) {
            try Self.examine(path, checksDatabase)
            return try Self.open(path, mode)
        }
    }

    /// Closes the connections; calls after this fail. What was written moves from the write-ahead log into the file
    /// first, so that the file alone is the whole registry and may be copied.
    public func close() throws {
        try Self.naming(path) {
            // Somebody else who reads or writes right now keeps the log in use, and will move it when they close.
            if !isReadOnly { _ = try? database.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
            try database.close()
        }
    }

    func look<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.naming(path) { try database.read(body) }
    }

    /// One immediate transaction: all of `body` or nothing, durable when this returns.
    func change<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.naming(path) { try database.write(body) }
    }

    /// What `change` would give, taken back again: nothing is written.
    func rehearse<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.naming(path) {
            try database.write { database in
                var value: Value?
                try database.inSavepoint {
                    value = try body(database)
                    return .rollback
                }
                guard let value else { preconditionFailure("a body that returned gave a value") }
                return value
            }
        }
    }

    /// Runs `body` on the writing connection, outside of a transaction.
    package func inspectWriter<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.naming(path) { try database.writeWithoutTransaction(body) }
    }

    private static func naming<Value>(_ path: FilePath, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw RegistryError(error, path: path)
        } catch let error as RowDecodingError {
            throw RegistryError.damagedDatabase(path, detail: error.description)
        }
    }
}

extension ModelRegistry {
    private static func exists(_ path: FilePath) -> Bool {
        var status = stat()
        return stat(path.string, &status) == 0
    }

    private static func configuration(readOnly: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.busyMode = .timeout(busyTimeout)
        configuration.maximumReaderCount = 4
        configuration.label = "edgepipe.registry"
        configuration.prepareDatabase { database in
            // A file may come from anywhere: its triggers and views may call harmless functions only.
            try database.execute(sql: "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON")
            // Only Apple systems need these to reach the platter; elsewhere they do nothing.
            try database.execute(sql: "PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON")
        }
        return configuration
    }

    /// Makes an empty registry under another name and links it into place whole: of two processes that make the same
    /// registry at once one wins, and the other then opens the winner's.
    private static func makeEmpty(at path: FilePath) throws {
        guard let name = path.lastComponent else { throw RegistryError.missing(path) }
        let draft = path.removingLastComponent()
            .appending(".\(name.string).\(UInt64.random(in: 0 ... .max)).partial")
        defer { for suffix in ["", "-wal", "-shm"] { unlink(draft.string + suffix) } }
        var configuration = configuration(readOnly: false)
        configuration.journalMode = .wal
        try naming(path) {
            let queue = try DatabaseQueue(path: draft.string, configuration: configuration)
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try database.execute(sql: "PRAGMA application_id = \(Schema.applicationID)")
            }
            try Schema.migrator.migrate(queue)
            try queue.write { try AuditLog.append("create", subject: name.string, detail: "{}", to: $0) }
            try queue.close()
        }
        // A hard link never replaces what another process put there. Where there are none, a rename must do.
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

    /// Looks at a file through a read-only connection, so that one that is refused stays as it was.
    private static func examine(_ path: FilePath, _ checksDatabase: Bool) throws {
        do {
            try look(at: path, checksDatabase)
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK {
            // A killed process left a transaction half written, and only a writer can take it back. That may be done to
            // a registry, and to no other file.
            guard RegistryFiles.isDatabase(path) else { throw error }
            let queue = try DatabaseQueue(path: path.string, configuration: configuration(readOnly: false))
            _ = try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
            try queue.close()
            try look(at: path, checksDatabase)
        }
    }

    private static func look(at path: FilePath, _ checksDatabase: Bool) throws {
        let queue = try DatabaseQueue(path: path.string, configuration: configuration(readOnly: true))
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
            // Of a large file it would take seconds; there `verify` looks, and SQLite itself when it meets the damage.
            guard checksDatabase, pages <= mostCheckedBytes / max(1, pageBytes) else { return }
            let complaint = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer"
            guard complaint == "ok" else { throw RegistryError.damagedDatabase(path, detail: complaint) }
        }
        try queue.close()
    }

    private static func open(_ path: FilePath, _ mode: Mode) throws -> any DatabaseWriter {
        if mode == .readOnly {
            return try DatabaseQueue(path: path.string, configuration: configuration(readOnly: true))
        }
        let pool = try DatabasePool(path: path.string, configuration: configuration(readOnly: false))
        // The pool itself sets NORMAL, with which a power cut may take back a publication that was reported as done.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        do {
            try Schema.migrator.migrate(pool)
        } catch {
            // Another process may have migrated the same file in the same moment.
            guard try pool.read(Schema.migrator.hasCompletedMigrations) else { throw error }
        }
        return pool
    }
}
