import BinaryIO
import Foundation
import GRDB

/// Converts values to rows and rows to values; no other code does.
enum Rows {
    static func buildColumns(_ database: Database) throws -> String {
        """
        SELECT model.name AS model, version.name AS version, build.type, build.digest, object.rawBytes,
            object.storedBytes, \(try encodingColumn(database)), build.quantType, build.bitsPerWeight, build.sourceURI,
            build.sourceDigest, build.license, build.pipelineDigest, build.profile, build.toolVersion, build.createdAt
        FROM build
        JOIN version ON version.id = build.versionId
        JOIN model ON model.id = version.modelId
        JOIN object ON object.digest = build.digest
        """
    }

    /// SQL that selects the builds that were not withdrawn; further conditions may follow.
    static func offeredBuilds(_ database: Database) throws -> String {
        try buildColumns(database) + " WHERE " + isOffered(database)
    }

    static func objectColumns(_ database: Database) throws -> String {
        "SELECT digest, rawBytes, storedBytes, \(try encodingColumn(database)) FROM object"
    }

    /// Parses a digest from the database, which may be untrusted: 64 hexadecimal digits, or an error.
    static func digest(_ text: String) throws -> SHA256Digest {
        guard let digest = SHA256Digest(hex: text) else {
            throw RegistryError.damagedRow(
                field: "digest",
                detail: "\"\(text)\" in the database is not a SHA-256"
            )
        }
        return digest
    }

    static func build(_ row: Row) throws -> BuildRecord {
        let sourceDigest: String? = try row.value("sourceDigest")
        let pipelineDigest: String? = try row.value("pipelineDigest")
        let object = try object(row)
        return BuildRecord(
            name: try name(row),
            digest: object.digest,
            fileBytes: object.rawBytes,
            storedBytes: object.storedBytes,
            encoding: object.encoding,
            facts: BuildFacts(
                quantType: try row.value("quantType"),
                bitsPerWeight: try row.value("bitsPerWeight"),
                sourceURI: try row.value("sourceURI"),
                sourceDigest: try sourceDigest.map(digest),
                license: try row.value("license"),
                pipelineDigest: try pipelineDigest.map(digest),
                profile: try row.value("profile")
            ),
            toolVersion: try row.value("toolVersion"),
            createdAt: try Timestamp.date(row.value("createdAt"))
        )
    }

    /// Reads a build's name. One that breaks the grammar was never published, so the row is damaged, not the caller's
    /// input.
    private static func name(_ row: Row) throws -> BuildName {
        let texts: [String] = [try row.value("model"), try row.value("version"), try row.value("type")]
        do {
            return try BuildName(model: texts[0], version: ModelVersion(parsing: texts[1]), type: texts[2])
        } catch {
            throw RegistryError.damagedRow(field: "the name of a build", detail: error.description)
        }
    }

    static func build(_ name: BuildName, _ database: Database) throws -> BuildRecord? {
        try Row.fetchOne(
            database,
            sql: offeredBuilds(database) + " AND model.name = ? AND version.name = ? AND build.type = ?",
            arguments: [name.model, name.version.description, name.type]
        ).map(build)
    }

    static func insert(
        _ facts: BuildFacts,
        type: String,
        versionID: Int64,
        digest: SHA256Digest,
        toolVersion: String,
        publishedAt date: Date?,
        _ database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT INTO build (versionId, type, digest, quantType, bitsPerWeight, sourceURI, sourceDigest, license,
                    pipelineDigest, profile, toolVersion, createdAt)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                versionID, type, digest.description, facts.quantType, facts.bitsPerWeight, facts.sourceURI,
                facts.sourceDigest?.description, facts.license, facts.pipelineDigest?.description, facts.profile,
                toolVersion, date.map(Timestamp.text) ?? Timestamp.now,
            ]
        )
    }

    static func object(_ row: Row) throws -> StoredObject {
        let text: String = try row.value("encoding")
        guard let encoding = ObjectEncoding(rawValue: text) else {
            throw RegistryError.damagedRow(field: "encoding", detail: "\"\(text)\" is unknown")
        }
        return StoredObject(
            digest: try digest(row.value("digest")),
            encoding: encoding,
            rawBytes: try row.value("rawBytes"),
            storedBytes: try row.value("storedBytes")
        )
    }

    static func object(_ digest: SHA256Digest, _ database: Database) throws -> StoredObject? {
        try Row.fetchOne(database, sql: objectColumns(database) + " WHERE digest = ?", arguments: [digest.description])
            .map(object)
    }

    /// Records how an object is stored. If two writers stored the same bytes, the later one describes the file that
    /// exists.
    static func upsert(_ object: StoredObject, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO object (digest, encoding, rawBytes, storedBytes, createdAt) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (digest) DO UPDATE SET encoding = excluded.encoding, storedBytes = excluded.storedBytes
                """,
            arguments: [
                object.digest.description,
                // A packed object is recognized by its list of parts; this column only describes single files.
                object.encoding == .zstd ? "zstd" : "raw", object.rawBytes, object.storedBytes, Timestamp.now,
            ]
        )
    }

    /// The row id of a version, which is inserted if it is new.
    static func version(_ version: ModelVersion, of model: String, _ database: Database) throws -> Int64 {
        if let known = try versionID(version, of: model, database) { return known }
        try database.execute(
            sql: "INSERT INTO model (name, createdAt) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            arguments: [model, Timestamp.now]
        )
        try database.execute(
            sql: "INSERT INTO version (modelId, name, createdAt) SELECT id, ?, ? FROM model WHERE name = ?",
            arguments: [version.description, Timestamp.now, model]
        )
        return database.lastInsertedRowID
    }

    static func versionID(_ version: ModelVersion, of model: String, _ database: Database) throws -> Int64? {
        try Int64.fetchOne(
            database,
            sql: """
                SELECT version.id FROM version JOIN model ON model.id = version.modelId
                WHERE model.name = ? AND version.name = ?
                """,
            arguments: [model, version.description]
        )
    }

    static func channel(_ channel: String, of model: String, _ database: Database) throws -> ModelVersion? {
        try String.fetchOne(
            database,
            sql: """
                SELECT version.name FROM channel JOIN model ON model.id = channel.modelId
                JOIN version ON version.id = channel.versionId WHERE model.name = ? AND channel.name = ?
                """,
            arguments: [model, channel]
        ).map { try ModelVersion(parsing: $0) }
    }

    /// The full names that an error message suggests, at most twenty.
    static func allNames(_ database: Database) throws -> [String] {
        try Row.fetchAll(database, sql: offeredBuilds(database) + " ORDER BY build.id DESC LIMIT 20")
            .map { try build($0).name.description }
    }
}
