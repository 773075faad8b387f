import BinaryIO
import GRDB
import SystemPackage

/// A registry of builds: one SQLite file, and beside it a folder of objects.
///
/// Several threads, and several processes of one machine, may use the same registry at once. Calls block; they are made
/// for the synchronous rooms and belong on a thread that may wait.
public final class ModelRegistry: Sendable {
    /// What a registry is opened for.
    public enum Mode: Sendable {
        /// Opens the registry, and makes an empty one where there is no file.
        case create
        case openExisting
        /// Never writes to the database; works in a folder and on a disk that cannot be written too.
        case readOnly
    }

    /// How long a call waits for another writer, in seconds.
    static let busyTimeout: Double = 30

    /// As the caller gave it, for messages.
    public let path: FilePath
    /// Where the database lies: a link is followed once, so that rows and objects stay beside each other.
    let location: FilePath
    let store: ObjectStore
    /// Writes go through `change`, reads through `look`: both give SQLite's errors the registry's words.
    private let database: any DatabaseWriter
    private let isReadOnly: Bool
    /// Where the builds' files lie; nil for the folder of objects.
    let elsewhere: (any BuildsElsewhere)?
    let tierAccess: TierAccess

    /// - Throws: `RegistryError` where there is no registry, another kind of file, a damaged one, or one that a newer
    ///   edgepipe has written. A file that is refused is not changed.
    /// - Parameters:
    ///   - checksDatabase: refuse a small database that does not pass SQLite's quick check; a repair looks itself.
    ///   - elsewhere: where the builds' files lie; nil for the folder of objects.
    ///   - tier: how objects are reached that lie in object storage.
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

    /// The same for a change of these groups' rows, which are sealed with it.
    func sealing<Value>(_ groups: some Sequence<SealedGroup>, _ body: (Database) throws -> Value) throws -> Value {
        try change { database in try Seals.keeping(groups, database) { try body(database) } }
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
