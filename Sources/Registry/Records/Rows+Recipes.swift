import BinaryIO
import GRDB

extension Schema {
    /// Migration 11: one row for all tensors of a build, as for their errors.
    static let recipeTable = """
        CREATE TABLE recipe (
            id INTEGER PRIMARY KEY,
            fingerprint TEXT NOT NULL UNIQUE CHECK (length(fingerprint) = 64 AND fingerprint NOT GLOB '*[^0-9a-f]*'),
            buildDigest TEXT NOT NULL REFERENCES object(digest),
            payload TEXT NOT NULL CHECK (payload <> ''),
            createdAt TEXT NOT NULL
        ) STRICT;
        CREATE INDEX recipeByBuild ON recipe(buildDigest);
        \(guardian("recipe", ["UPDATE", "DELETE"]))
        """
}

extension Rows {
    /// Adds a build's recipe once: the same choice for the same bytes shares one row.
    static func insert(_ record: RecipeRecord, of build: SHA256Digest, _ database: Database) throws {
        let payload = try CanonicalJSON.encode(record)
        try database.execute(
            sql: """
                INSERT INTO recipe (fingerprint, buildDigest, payload, createdAt)
                VALUES (?, ?, ?, ?) ON CONFLICT (fingerprint) DO NOTHING
                """,
            arguments: [
                fingerprint(ofRecipe: payload, build).description, build.description, payload, Timestamp.now,
            ]
        )
    }

    static func fingerprint(ofRecipe payload: String, _ build: SHA256Digest) -> SHA256Digest {
        SHA256Digest(of: "\(build) recipe \(payload)".utf8)
    }

    static func recipe(_ row: Row) throws -> RecipeRecord { try json(row.value("payload"), "payload of recipe") }
}

extension ModelRegistry {
    /// How the types of the tensors were chosen for these bytes, under any name; oldest first.
    public func recipes(of digest: SHA256Digest) throws -> [RecipeRecord] {
        try look { database in
            guard try database.tableExists("recipe") else { return [] }
            return try Row.fetchAll(
                database,
                sql: "SELECT * FROM recipe WHERE buildDigest = ? ORDER BY id",
                arguments: [digest.description]
            ).map(Rows.recipe)
        }
    }
}
