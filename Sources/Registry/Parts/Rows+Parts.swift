import BinaryIO
import GRDB

/// Parts, packs, and the lists of parts that make up an object.
extension Rows {
    static let partColumns = """
        SELECT part.digest, part.encoding, part.rawBytes, part.storedBytes, part.offset,
            pack.name AS pack, pack.byteCount AS packBytes
        FROM part JOIN pack ON pack.id = part.packId
        """

    /// The column of `object` that gives the object's encoding. A registry that predates parts lacks it, and is still
    /// readable.
    static func encodingColumn(_ database: Database) throws -> String {
        guard try database.tableExists("assembly") else { return "object.encoding" }
        return """
            CASE WHEN EXISTS (SELECT 1 FROM assembly WHERE assembly.objectDigest = object.digest)
                THEN 'parts' ELSE object.encoding END AS encoding
            """
    }

    static func part(_ digest: SHA256Digest, _ database: Database) throws -> StoredPart? {
        try Row.fetchOne(database, sql: partColumns + " WHERE part.digest = ?", arguments: [digest.description])
            .map(part)
    }

    /// The parts of an object in the order of the file; empty if the object is one file.
    static func parts(of object: SHA256Digest, _ database: Database) throws -> [StoredPart] {
        guard try database.tableExists("assembly") else { return [] }
        return try Row.fetchAll(
            database,
            sql: partColumns + """
                 JOIN assemblyPart ON assemblyPart.partId = part.id
                JOIN assembly ON assembly.id = assemblyPart.assemblyId
                WHERE assembly.objectDigest = ? ORDER BY assemblyPart.position
                """,
            arguments: [object.description]
        ).map(part)
    }

    /// The packs that offered builds need.
    static func packs(_ database: Database) throws -> [StoredPart.Pack] { try packRows(database).map(pack) }

    /// The packs that offered builds need, without those whose rows cannot be read.
    static func readablePacks(_ database: Database) throws -> [StoredPart.Pack] {
        try packRows(database).compactMap { try? pack($0) }
    }

    private static func packRows(_ database: Database) throws -> [Row] {
        guard try database.tableExists("pack") else { return [] }
        return try Row.fetchAll(
            database,
            sql: "SELECT name AS pack, byteCount AS packBytes FROM pack WHERE \(isPackNeeded(database))"
        )
    }

    /// A condition on `pack`: a build that was not withdrawn needs one of its parts.
    private static func isPackNeeded(_ database: Database) throws -> String {
        let anyWithdrawn =
            try database.tableExists("withdrawal")
            && Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM withdrawal)") == true
        // If no build was withdrawn, the parts of tens of thousands of builds need not be searched.
        guard anyWithdrawn else { return "EXISTS (SELECT 1 FROM part WHERE part.packId = pack.id)" }
        return """
            EXISTS (
                SELECT 1 FROM part
                JOIN assemblyPart ON assemblyPart.partId = part.id
                JOIN assembly ON assembly.id = assemblyPart.assemblyId
                JOIN build ON build.digest = assembly.objectDigest
                WHERE part.packId = pack.id AND \(try isOffered(database)))
            """
    }

    /// The disk space that only these objects use, in bytes: files and packs that no offered build needs.
    static func unneededBytes(of objects: Set<SHA256Digest>, _ database: Database) throws -> Int {
        var total = 0
        var packs: Set<String> = []
        for digest in objects {
            let key: StatementArguments = [digest.description]
            let isNeeded =
                try Bool.fetchOne(
                    database,
                    sql: "SELECT \(isNeeded(database)) FROM object WHERE digest = ?",
                    arguments: key
                ) ?? true
            guard !isNeeded, let object = try object(digest, database) else { continue }
            if object.encoding == .parts {
                packs.formUnion(try parts(of: digest, database).map(\.pack.name.description))
            } else {
                total &+= object.storedBytes
            }
        }
        for name in packs {
            let sql = "SELECT byteCount FROM pack WHERE name = ? AND NOT \(try isPackNeeded(database))"
            total &+= try Int.fetchOne(database, sql: sql, arguments: [name]) ?? 0
        }
        return total
    }

    private static func pack(_ row: Row) throws -> StoredPart.Pack {
        let text: String = try row.value("pack")
        guard let name = PackName(text) else {
            throw RegistryError.damagedRow(field: "pack", detail: "\"\(text)\" is not the name of a pack")
        }
        return StoredPart.Pack(name: name, byteCount: try row.value("packBytes"))
    }

    static func part(_ row: Row) throws -> StoredPart {
        let text: String = try row.value("encoding")
        guard let encoding = PartEncoding(rawValue: text) else {
            throw RegistryError.damagedRow(field: "encoding", detail: "\"\(text)\" is unknown")
        }
        return StoredPart(
            digest: try digest(row.value("digest")),
            encoding: encoding,
            rawBytes: try row.value("rawBytes"),
            storedBytes: try row.value("storedBytes"),
            offset: try row.value("offset"),
            pack: try pack(row)
        )
    }

    /// Writes the rows of a packed object's parts.
    ///
    /// If two writers stored the same part at once, the first keeps its row. The new part replaces the old one in every
    /// build that has it if the pack of the old part is damaged, or if its bytes were found damaged.
    static func insert(_ object: PackedObject, in store: ObjectStore, _ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO assembly (objectDigest) VALUES (?) ON CONFLICT DO NOTHING",
            arguments: [object.digest.description]
        )
        let isNew = database.changesCount == 1
        var packs: [StoredPart.Pack: Bool] = [:]
        func isThere(_ pack: StoredPart.Pack) throws -> Bool {
            if let known = packs[pack] { return known }
            let found = try store.hasRightSize(pack)
            packs[pack] = found
            return found
        }
        for part in Set(object.parts) {
            if let known = try Rows.part(part.digest, database) {
                // If another writer has repaired the part meanwhile, its row is kept.
                let isDamaged = object.replaced[part.digest] == known
                if try known == part || !isDamaged && isThere(known.pack) { continue }
            }
            guard try isThere(part.pack) else { throw RegistryError.objectVanished(object.digest) }
            try database.execute(
                sql: "INSERT INTO pack (name, byteCount, createdAt) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                arguments: [part.pack.name.description, part.pack.byteCount, Timestamp.now]
            )
            try database.execute(
                sql: """
                    INSERT INTO part (digest, packId, offset, encoding, rawBytes, storedBytes)
                    SELECT ?, id, ?, ?, ?, ? FROM pack WHERE name = ?
                    ON CONFLICT (digest) DO UPDATE SET packId = excluded.packId, offset = excluded.offset,
                        encoding = excluded.encoding, storedBytes = excluded.storedBytes
                    """,
                arguments: [
                    part.digest.description, part.offset, part.encoding.rawValue, part.rawBytes, part.storedBytes,
                    part.pack.name.description,
                ]
            )
        }
        guard isNew else { return }
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO assemblyPart (assemblyId, position, partId)
                SELECT assembly.id, ?, part.id FROM assembly, part WHERE assembly.objectDigest = ? AND part.digest = ?
                """
        )
        for (position, part) in object.parts.enumerated() {
            try statement.execute(arguments: [position, object.digest.description, part.digest.description])
        }
    }
}
