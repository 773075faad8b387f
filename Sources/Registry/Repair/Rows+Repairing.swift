import BinaryIO
import GRDB

/// The queries of a repair about parts and packs, and the changes it makes to them.
extension Rows {
    /// All parts that a pack holds, in the order of the pack.
    static func parts(in pack: PackName, _ database: Database) throws -> [StoredPart] {
        try partRows(in: pack, database).map(part)
    }

    /// All parts that a pack holds, without those whose rows cannot be read.
    static func readableParts(in pack: PackName, _ database: Database) throws -> [StoredPart] {
        try partRows(in: pack, database).compactMap { try? part($0) }
    }

    private static func partRows(in pack: PackName, _ database: Database) throws -> [Row] {
        try Row.fetchAll(
            database,
            sql: partColumns + " WHERE pack.name = ? ORDER BY part.offset",
            arguments: [pack.description]
        )
    }

    /// Where a part occurs in the files of offered builds; a few places suffice.
    static func places(of part: SHA256Digest, _ database: Database) throws -> [PartPlace] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT assembly.objectDigest AS object, (
                    SELECT coalesce(sum(before.rawBytes), 0) FROM assemblyPart AS earlier
                    JOIN part AS before ON before.id = earlier.partId
                    WHERE earlier.assemblyId = assembly.id AND earlier.position < assemblyPart.position) AS offset
                FROM part JOIN assemblyPart ON assemblyPart.partId = part.id
                JOIN assembly ON assembly.id = assemblyPart.assemblyId
                WHERE part.digest = ? AND EXISTS (
                    SELECT 1 FROM build WHERE build.digest = assembly.objectDigest AND \(isOffered(database)))
                """,
            arguments: [part.description]
        ).map { PartPlace(object: try digest($0.value("object")), offset: try $0.value("offset")) }
    }

    static func packsWithoutParts(_ database: Database) throws -> [String] {
        try String.fetchAll(
            database,
            sql: "SELECT name FROM pack WHERE NOT EXISTS (SELECT 1 FROM part WHERE part.packId = pack.id)"
        )
    }

    /// Records that parts are in another pack now, for every build that has them. The row of a pack without parts is
    /// deleted.
    static func move(_ parts: [StoredPart], to pack: StoredPart.Pack, _ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO pack (name, byteCount, createdAt) VALUES (?, ?, ?)",
            arguments: [pack.name.description, pack.byteCount, Timestamp.now]
        )
        for part in parts {
            try database.execute(
                sql: """
                    UPDATE part SET packId = (SELECT id FROM pack WHERE name = ?), offset = ?, encoding = ?, storedBytes = ?
                    WHERE digest = ?
                    """,
                arguments: [
                    pack.name.description, part.offset, part.encoding.rawValue, part.storedBytes,
                    part.digest.description,
                ]
            )
        }
        try database.execute(
            sql: "DELETE FROM pack WHERE NOT EXISTS (SELECT 1 FROM part WHERE part.packId = pack.id)"
        )
    }
}
