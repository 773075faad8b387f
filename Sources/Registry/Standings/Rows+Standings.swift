import BinaryIO
import GRDB

/// Which builds are offered, and their places in the standings; see `Schema.standingTables`.
extension Rows {
    /// Returns a condition on `build`: it was not withdrawn. A registry older than withdrawals has no withdrawn builds.
    static func isOffered(_ database: Database) throws -> String {
        guard try database.tableExists("withdrawal") else { return "TRUE" }
        return "NOT EXISTS (SELECT 1 FROM withdrawal WHERE withdrawal.buildId = build.id)"
    }

    /// Returns a condition on `object`: a build that was not withdrawn needs it.
    static func isNeeded(_ database: Database) throws -> String {
        """
        EXISTS (SELECT 1 FROM build WHERE build.digest = object.digest AND \(try isOffered(database)))
        """
    }

    /// Returns the objects that offered builds need, by digest.
    static func neededObjects(_ database: Database) throws -> [StoredObject] {
        let sql = try objectColumns(database) + " WHERE " + isNeeded(database) + " ORDER BY digest"
        return try Row.fetchAll(database, sql: sql).map(object)
    }

    /// Updates the standings of all builds with these bytes.
    static func place(_ digest: SHA256Digest, _ database: Database) throws {
        let key: StatementArguments = [digest.description]
        try database.execute(
            sql: "DELETE FROM standing WHERE buildId IN (SELECT id FROM build WHERE digest = ?)",
            arguments: key
        )
        try database.execute(
            sql: "INSERT INTO shape (profile) SELECT profile FROM build WHERE digest = ? ON CONFLICT DO NOTHING",
            arguments: key
        )
        try database.execute(sql: Schema.fillShapeBounds)
        try database.execute(
            sql: """
                INSERT INTO yardstick (textDigest)
                SELECT coalesce(textDigest, '') FROM measurement WHERE buildDigest = ? AND metric = 'bitsPerByte'
                ON CONFLICT DO NOTHING
                """,
            arguments: key
        )
        try database.execute(sql: Schema.placeBuilds + " AND build.digest = ?", arguments: key)
    }

    /// Whether a repair found that these bytes are missing or differ from what was published.
    static func isDamaged(_ digest: SHA256Digest, _ database: Database) throws -> Bool {
        guard try database.tableExists("damage") else { return false }
        return try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM damage WHERE objectDigest = ?)",
            arguments: [digest.description]
        ) ?? false
    }

    static func forgetDamage(of digest: SHA256Digest, _ database: Database) throws {
        try database.execute(sql: "DELETE FROM damage WHERE objectDigest = ?", arguments: [digest.description])
    }

    /// Returns the builds published under a name, withdrawn or not.
    static func published(
        _ name: BuildName,
        _ database: Database
    ) throws -> (id: Int64, digest: SHA256Digest, isOffered: Bool)? {
        try Row.fetchOne(
            database,
            sql: """
                SELECT build.id, build.digest, \(isOffered(database)) AS isOffered FROM build
                JOIN version ON version.id = build.versionId JOIN model ON model.id = version.modelId
                WHERE model.name = ? AND version.name = ? AND build.type = ?
                """,
            arguments: [name.model, name.version.description, name.type]
        ).map { (try $0.value("id"), try digest($0.value("digest")), try $0.value("isOffered")) }
    }
}
