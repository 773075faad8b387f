import BinaryIO
import GRDB

extension Schema {
    /// Migration 13: the definitions of pipelines, by the digest that builds and runs refer to.
    static let pipelineTable = """
        CREATE TABLE pipeline (
            digest TEXT NOT NULL PRIMARY KEY CHECK (length(digest) = 64 AND digest NOT GLOB '*[^0-9a-f]*'),
            document TEXT NOT NULL CHECK (document <> ''),
            createdAt TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}

extension ModelRegistry {
    /// Stores a pipeline's definition. The same definition from another folder replaces the stored one, because the
    /// files that it reads are there now.
    public func record(_ pipeline: PipelineRecord) throws {
        let document = try CanonicalJSON.encode(pipeline)
        try sealing([.pipeline(pipeline.digest)]) { database in
            try database.execute(
                sql: """
                    INSERT INTO pipeline (digest, document, createdAt) VALUES (?, ?, ?)
                    ON CONFLICT (digest) DO UPDATE SET document = excluded.document, createdAt = excluded.createdAt
                    WHERE document <> excluded.document
                    """,
                arguments: [pipeline.digest.description, document, Timestamp.now]
            )
        }
    }

    /// The definition of a pipeline; nil if it ran elsewhere, or before registries stored definitions.
    /// - Throws: `RegistryError.damagedRow` if the row cannot be read or belongs to another pipeline.
    public func pipeline(_ digest: SHA256Digest) throws -> PipelineRecord? {
        try look { database in
            guard try database.tableExists("pipeline") else { return nil }
            return try Row.fetchOne(
                database,
                sql: "SELECT * FROM pipeline WHERE digest = ?",
                arguments: [digest.description]
            ).map(Rows.pipeline)
        }
    }
}

extension Rows {
    static func pipeline(_ row: Row) throws -> PipelineRecord {
        let record: PipelineRecord = try json(row.value("document"), "document of pipeline")
        guard try record.digest.description == row.value("digest") else {
            throw RegistryError.damagedRow(field: "digest", detail: "the document is another pipeline's")
        }
        return record
    }
}
