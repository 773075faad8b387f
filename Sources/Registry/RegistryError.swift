import BinaryIO
import GRDB
import SystemPackage

/// An error of the registry: what was found, and what to do about it.
public enum RegistryError: Error, Equatable, Sendable, CustomStringConvertible {
    /// There is no file at this path.
    case missing(FilePath)
    /// The path is a folder.
    case folder(FilePath, suggestion: FilePath?)
    /// The file is not SQLite, or is another program's SQLite file.
    case notARegistry(FilePath, reason: String)
    /// A later edgepipe has changed the format.
    case newerFormat(FilePath)
    case damagedDatabase(FilePath, detail: String)
    /// A row of the database holds a value that this program never writes.
    case damagedRow(field: String, detail: String)
    /// The folder of objects is missing or empty.
    case objectsMissing(FilePath, isEmpty: Bool)
    /// An object may exist, but the system cannot read it.
    case unreadable(FilePath, reason: String)
    /// The bytes of an object are missing or differ from the published ones.
    case damagedObject(SHA256Digest, path: FilePath, detail: String)
    /// A name does not follow the grammar of its kind.
    case invalidName(String, of: String, rule: String)
    case invalidValue(field: String, detail: String)
    /// A published build was offered again with other bytes.
    case conflict(BuildName, published: SHA256Digest, offered: SHA256Digest)
    case notFound(String, available: [String])
    /// The reference leaves the type open and the version has several.
    case ambiguousType(String, types: [String])
    /// The channel no longer points to the version that the caller expected.
    case channelMoved(channel: String, model: String, expected: ModelVersion?, found: ModelVersion?)
    /// A version cannot be withdrawn while channels point to it.
    case pointedTo(String, channels: [String])
    /// A projector cannot be withdrawn while builds need it.
    case needed(BuildName, by: [BuildName])
    case changedWhileReading(FilePath)
    /// An object that was just stored has disappeared, because a collection ran in between.
    case objectVanished(SHA256Digest)
    /// The text is not a key, or not a key of the kind used for signatures.
    case unusableKey(detail: String)
    /// No signature by this key covers these bytes.
    case unsigned(String, detail: String)
    case busy(FilePath)
    case readOnly(FilePath)
    case diskFull(FilePath)
    /// SQLite reported another error, such as a broken constraint.
    case database(FilePath, detail: String)

    /// A message that ends with what to do.
    public var description: String {
        switch self {
        case .missing(let path):
            "\(path): there is no registry here. Check the path, or make one with `edgepipe registry init`."
        case .folder(let path, let suggestion):
            "\(path): this is a folder, and a registry is a file. "
                + (suggestion.map { "Did you mean \($0)?" }
                    ?? "Give the path of a file in it, such as \(path)/registry.db.")
        case .damagedRow(let field, let detail):
            "\(field): \(detail). Check the registry with `edgepipe registry verify`."
        case .objectsMissing(let folder, let isEmpty):
            "\(folder): the folder that holds the bytes of all builds is \(isEmpty ? "empty" : "missing"). Mount its disk, "
                + "or put it back beside the database. If it is lost, run `mkdir -p \(folder)/packs` and then "
                + "`edgepipe registry repair`."
        case .unreadable(let path, let reason):
            "\(path): this file of the registry cannot be read: \(reason). Check the permissions of the file and the "
                + "folders above it; its bytes may be whole."
        case .diskFull(let path):
            "\(path): the disk is full; nothing was changed. Free some space and run the same command again."
        case .notARegistry(let path, let reason):
            "\(path): this is not an edgepipe registry (\(reason)); it was left as it is. Give the path of a registry, "
                + "or a new name to make one."
        case .newerFormat(let path):
            "\(path): this registry was written by a newer edgepipe; it was left as it is. Update edgepipe to open it."
        case .damagedDatabase(let path, let detail):
            "\(path): the registry's database is damaged: \(detail). Restore it from a backup; the files in "
                + "\(path).objects are whole builds and may still be good."
        case .damagedObject(let digest, let path, let detail):
            "\(path): the stored build \(digest.short) is damaged: \(detail). Publish the same file again, or give a "
                + "copy of it with \(command: "registry repair", "from FILE", "apply")."
        case .invalidName(let text, let role, let rule):
            "\"\(text)\" cannot be the name of a \(role). Use \(rule)."
        case .invalidValue(let field, let detail):
            "\(field): \(detail)"
        case .conflict(let name, let published, let offered):
            "\(name) is published with other bytes (\(published.short), offered: \(offered.short)). Published builds "
                + "never change; raise the version."
        case .notFound(let text, let available):
            "nothing is published as \"\(text)\". "
                + (available.isEmpty
                    ? "The registry is empty; publish a build first."
                    : "Choose one of: \(available.joined(separator: ", ")).")
        case .ambiguousType(let text, let types):
            "\"\(text)\" has several types. Add one of: \(types.map { ":" + $0 }.joined(separator: ", "))."
        case .channelMoved(let channel, let model, let expected, let found):
            "channel \(channel) of \(model) points to \(found?.description ?? "nothing") and not to "
                + "\(expected?.description ?? "nothing") as expected: someone else moved it. Look again and repeat."
        case .pointedTo(let version, let channels):
            "\(version) cannot be deleted: \(channels.joined(separator: ", ")) \(channels.count == 1 ? "points" : "point") "
                + "to it. Point \(channels.count == 1 ? "that channel" : "those channels") to another version first."
        case .needed(let projector, let builds):
            "\(projector) cannot be deleted: \(builds.map(\.description).joined(separator: ", ")) "
                + "\(builds.count == 1 ? "sees" : "see") with it. Delete \(builds.count == 1 ? "that build" : "those builds") "
                + "first, or the whole version."
        case .changedWhileReading(let path):
            "\(path): the file changed while it was being stored; nothing was published. Publish it again when no "
                + "other program writes it."
        case .objectVanished(let digest):
            "the object \(digest.short) was collected while it was being published; nothing was published. Run the "
                + "same command again."
        case .unusableKey(let detail):
            "the key cannot be used: \(detail). Give a PEM file of a key on the curve P-256, as `openssl ecparam -name "
                + "prime256v1 -genkey` makes it."
        case .unsigned(let text, let detail):
            "\(text): \(detail). Sign it with `edgepipe registry sign`, or look who changed it."
        case .busy(let path):
            "\(path): another process kept the registry locked for \(Int(ModelRegistry.busyTimeout)) seconds. Wait for "
                + "it to end and run the same command again."
        case .readOnly(let path):
            "\(path): the registry was opened for reading only. Check the permissions of the file and its "
                + "folder, and whether the disk can be written."
        case .database(let path, let detail):
            "\(path): the registry could not do it: \(detail). Check the disk and the path, then run the same "
                + "command again."
        }
    }

    /// Whether the registry itself is damaged, as opposed to a request that it cannot meet.
    public var isDamage: Bool {
        switch self {
        case .damagedDatabase, .damagedRow, .damagedObject, .objectsMissing: true
        default: false
        }
    }

    init(_ error: DatabaseError, path: FilePath) {
        let detail = error.message ?? error.resultCode.description
        switch error.resultCode {
        case .SQLITE_NOTADB: self = .notARegistry(path, reason: "it is not an SQLite file")
        case .SQLITE_CORRUPT: self = .damagedDatabase(path, detail: detail)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(path)
        case .SQLITE_READONLY: self = .readOnly(path)
        case .SQLITE_FULL: self = .diskFull(path)
        case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_PERM:
            // SQLite reports a log that cannot be created as a failure to read or open the database.
            let file = path.followingLastLink()
            if !ModelRegistry.isWritable(file.removingLastComponent()) {
                self = .readOnly(path)
            } else if let free = freeDiskBytes(at: file), free < Self.leastRoom {
                self = .diskFull(path)
            } else {
                self = .database(path, detail: detail)
            }
        default: self = .database(path, detail: detail)
        }
    }

    /// The least space that SQLite needs beside a database, in bytes: two blocks of shared memory.
    private static let leastRoom = 64 << 10
}
