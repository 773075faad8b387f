import BinaryIO
import GRDB
import SystemPackage

/// A registry of builds: one SQLite file and a folder of objects beside it.
///
/// Several threads, and several processes on one machine, may use the same registry at once. Calls block, so make them
/// on a thread that may wait.
public final class ModelRegistry: Sendable {
    /// How a registry is opened.
    public enum Mode: Sendable {
        /// Opens the registry; creates an empty one if there is no file.
        case create
        case openExisting
        /// Never writes to the database; also works in a read-only folder and on a read-only disk.
        case readOnly
    }

    /// How long a call waits for another writer, in seconds.
    static let busyTimeout: Double = 30

    /// The path as the caller gave it, for messages.
    public let path: FilePath
    /// The path of the database. A link is followed once, so that the database and its objects stay in one folder.
    let location: FilePath
    let store: ObjectStore
    /// Writes use `change` and reads use `look`: both turn SQLite's errors into `RegistryError`.
    private let database: any DatabaseWriter
    private let isReadOnly: Bool
    /// The source of the builds' files; nil if they are in the folder of objects.
    let elsewhere: (any BuildsElsewhere)?
    let tierAccess: TierAccess

    /// - Throws: `RegistryError` if there is no registry, or if the file is of another kind, is damaged, or was written
    ///   by a newer edgepipe. A file that is rejected is not changed.
    /// - Parameters:
    ///   - checksDatabase: whether to reject a small database that does not pass SQLite's quick check; a repair does
    ///     its own check.
    ///   - elsewhere: the source of the builds' files; nil if they are in the folder of objects.
    ///   - tier: how to reach objects in object storage.
    public init(
        path: FilePath,
        mode: Mode,
        checksDatabase: Bool = true,
        elsewhere: (any BuildsElsewhere)? = nil,
        tier: TierAccess = TierAccess()
    ) throws {
        self.path = path
        self.elsewhere = elsewhere
        let location = path.followingLastLink()
        self.location = location
        store = try ObjectStore(beside: location, tier)
        tierAccess = tier
        isReadOnly = mode == .readOnly
        if mode == .create, try !Self.exists(location) { try Self.makeEmpty(at: location) }
        guard try Self.exists(location) else { throw RegistryError.missing(path) }
        database = try Self.naming(path) { try Self.open(location, mode, checksDatabase: checksDatabase) }
    }

    /// Closes the connections; later calls fail. Moves the write-ahead log into the database first, so that the single
    /// file is the whole registry and may be copied.
    public func close() throws {
        try Self.naming(path) {
            // Another reader or writer keeps the log in use, and will move it when it closes.
            if !isReadOnly { _ = try? database.writeWithoutTransaction { try $0.checkpoint(.truncate) } }
            try database.close()
        }
    }

    func look<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.naming(path) { try database.read(body) }
    }

    /// Runs `body` in one immediate transaction: all of it or nothing is written, and it is durable when this returns.
    func change<Value>(_ body: (Database) throws -> Value) throws -> Value {
        try Self.naming(path) { try database.write(body) }
    }

    /// Runs `body` as `change` does, and seals the rows of these groups in the same transaction.
    func sealing<Value>(_ groups: some Sequence<SealedGroup>, _ body: (Database) throws -> Value) throws -> Value {
        try change { database in try Seals.keeping(groups, database) { try body(database) } }
    }

    /// Runs `body` as `change` does and rolls it back: nothing is written.
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

    static func naming<Value>(_ path: FilePath, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw RegistryError(error, path: path)
        } catch let error as RowDecodingError {
            throw RegistryError.damagedDatabase(path, detail: error.description)
        }
    }
}
