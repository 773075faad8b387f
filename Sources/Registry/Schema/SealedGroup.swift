import BinaryIO
import GRDB

/// Rows that belong together and are written together: one seal covers all of them.
///
/// Triggers protect published rows, and some other rows may change. Another program that opens the file can change all
/// of them, so the registry stores digests over every row and updates them only when it changes the rows itself.
/// `docs/registry-format.md` says what that detects and what it does not.
enum SealedGroup: Hashable, Sendable {
    /// All metadata of published bytes: names, facts, withdrawals, measurements, errors of tensors, fits, signatures,
    /// parts.
    case build(SHA256Digest)
    /// How those bytes are stored on the disk, which a repair may change.
    case place(SHA256Digest)
    /// The steps that led to these bytes.
    case lineage(SHA256Digest)
    /// A pack and the places of its parts.
    case pack(String)
    /// A model's channels and their moves.
    case channels(String)
    case sensitivities(SHA256Digest)
    case step(SHA256Digest)
    case run(String)
    /// A pipeline's definition when it ran.
    case pipeline(SHA256Digest)
    /// The bytes that repairs found lost.
    case damages

    /// The name of the seal's row.
    var subject: String { "\(name.kind)/\(name.key)" }

    private var name: (kind: String, key: String) {
        switch self {
        case .build(let digest): ("build", "\(digest)")
        case .place(let digest): ("place", "\(digest)")
        case .lineage(let digest): ("lineage", "\(digest)")
        case .pack(let name): ("pack", name)
        case .channels(let model): ("channels", model)
        case .sensitivities(let digest): ("sensitivities", "\(digest)")
        case .step(let key): ("step", "\(key)")
        case .run(let id): ("run", id)
        case .pipeline(let digest): ("pipeline", "\(digest)")
        case .damages: ("damages", "")
        }
    }

    /// The queries that return a group's rows, by table. Each takes one argument, the group's key.
    var questions: [(table: String, sql: String)] {
        switch self {
        case .build:
            [
                ("object", "SELECT digest, rawBytes, createdAt FROM object WHERE digest = ?"),
                (
                    "build",
                    """
                    SELECT build.*, version.*, model.* FROM build JOIN version ON version.id = build.versionId
                    JOIN model ON model.id = version.modelId WHERE build.digest = ? ORDER BY build.id
                    """
                ),
                (
                    "withdrawal",
                    """
                    SELECT withdrawal.* FROM build JOIN withdrawal ON withdrawal.buildId = build.id
                    WHERE build.digest = ? ORDER BY build.id
                    """
                ),
                ("measurement", "SELECT * FROM measurement WHERE buildDigest = ? ORDER BY id"),
                ("tensorError", "SELECT * FROM tensorError WHERE buildDigest = ? ORDER BY id"),
                ("recipe", "SELECT * FROM recipe WHERE buildDigest = ? ORDER BY id"),
                ("fit", "SELECT * FROM fit WHERE buildDigest = ? ORDER BY device, context, kvType"),
                ("signature", "SELECT * FROM signature WHERE buildDigest = ? ORDER BY keyDigest"),
                (
                    "assemblyPart",
                    """
                    SELECT assembly.id, assemblyPart.position, assemblyPart.partId, part.digest, part.rawBytes
                    FROM assembly JOIN assemblyPart ON assemblyPart.assemblyId = assembly.id
                    LEFT JOIN part ON part.id = assemblyPart.partId
                    WHERE assembly.objectDigest = ? ORDER BY assemblyPart.position
                    """
                ),
            ]
        case .place: [("object", "SELECT encoding, storedBytes FROM object WHERE digest = ?")]
        case .lineage:
            [
                (
                    "lineage",
                    "SELECT * FROM lineage WHERE toDigest = ? ORDER BY fromDigest, stepKind, optionsDigest"
                )
            ]
        case .pack:
            [
                ("pack", "SELECT * FROM pack WHERE name = ?"),
                (
                    "part",
                    "SELECT part.* FROM pack JOIN part ON part.packId = pack.id WHERE pack.name = ? ORDER BY part.id"
                ),
            ]
        case .channels:
            [
                (
                    "channel",
                    """
                    SELECT channel.* FROM model JOIN channel ON channel.modelId = model.id
                    WHERE model.name = ? ORDER BY channel.name
                    """
                ),
                (
                    "channelMove",
                    """
                    SELECT channelMove.* FROM model JOIN channelMove ON channelMove.modelId = model.id
                    WHERE model.name = ? ORDER BY channelMove.id
                    """
                ),
            ]
        case .sensitivities: [("sensitivity", "SELECT * FROM sensitivity WHERE modelDigest = ? ORDER BY id")]
        case .step: [("stepRecord", "SELECT * FROM stepRecord WHERE key = ?")]
        case .run: [("run", "SELECT * FROM run WHERE id = ?")]
        case .pipeline: [("pipeline", "SELECT * FROM pipeline WHERE digest = ?")]
        case .damages: [("damage", "SELECT * FROM damage WHERE ? = '' ORDER BY objectDigest")]
        }
    }

    /// Parses the name of a seal's row; nil if no seal can have this name.
    init?(subject: String) {
        let halves = subject.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2 else { return nil }
        let digest = SHA256Digest(hex: halves[1])
        switch (halves[0], digest) {
        case ("build", let digest?): self = .build(digest)
        case ("place", let digest?): self = .place(digest)
        case ("lineage", let digest?): self = .lineage(digest)
        case ("sensitivities", let digest?): self = .sensitivities(digest)
        case ("step", let digest?): self = .step(digest)
        case ("pipeline", let digest?): self = .pipeline(digest)
        case ("pack", _): self = .pack(halves[1])
        case ("channels", _): self = .channels(halves[1])
        case ("run", _): self = .run(halves[1])
        case ("damages", _) where halves[1].isEmpty: self = .damages
        default: return nil
        }
    }

    /// The digests of a group's rows, by table; empty if there are no rows.
    func digests(_ database: Database) throws -> String {
        try questions.compactMap { table, sql in
            // Registries from before migrations 9, 11 and 13 lack these tables and are sealed without them.
            let isLater = ["tensorError", "recipe", "pipeline"].contains(table)
            guard try !isLater || database.tableExists(table) else { return nil }
            let statement = try database.cachedStatement(sql: sql)
            let rows = try Row.fetchCursor(statement, arguments: [name.key])
            var hasher = SHA256Hasher()
            var count = 0
            while let row = try rows.next() {
                count += 1
                var bytes = Array("row;".utf8)
                for index in 0..<row.count { Self.append(row[index], to: &bytes) }
                bytes.withUnsafeBytes { hasher.update($0) }
            }
            // Half of the digits suffice to detect a change made by accident or by hand.
            return count == 0 ? nil : "\(table)=\(hasher.finalize().description.prefix(32))"
        }.joined(separator: " ")
    }

    /// Appends a value with its type and length, so that different rows never give the same bytes.
    private static func append(_ value: DatabaseValue, to bytes: inout [UInt8]) {
        switch value.storage {
        case .null: bytes += "n;".utf8
        case .int64(let number): bytes += "i\(number);".utf8
        case .double(let number): bytes += "d\(number.bitPattern);".utf8
        case .string(let text): bytes += "s\(text.utf8.count):\(text);".utf8
        case .blob(let blob): bytes += "b\(blob.count):".utf8 + Array(blob)
        }
    }
}
