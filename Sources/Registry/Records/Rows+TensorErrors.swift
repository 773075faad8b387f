import BinaryIO
import GRDB

extension Schema {
    /// Migration 9: one row for all tensors of a build, because they are read together and a registry of many builds
    /// has millions of tensors.
    static let tensorErrorTable = """
        CREATE TABLE tensorError (
            id INTEGER PRIMARY KEY,
            fingerprint TEXT NOT NULL UNIQUE CHECK (length(fingerprint) = 64 AND fingerprint NOT GLOB '*[^0-9a-f]*'),
            buildDigest TEXT NOT NULL REFERENCES object(digest),
            againstDigest TEXT CHECK (againstDigest IS NULL
                OR (length(againstDigest) = 64 AND againstDigest NOT GLOB '*[^0-9a-f]*')),
            method TEXT NOT NULL CHECK (method <> ''),
            toolVersion TEXT NOT NULL,
            payload TEXT NOT NULL CHECK (payload <> ''),
            createdAt TEXT NOT NULL
        ) STRICT;
        CREATE INDEX tensorErrorByBuild ON tensorError(buildDigest);
        \(guardian("tensorError", ["UPDATE", "DELETE"]))
        """
}

extension Rows {
    /// Adds the errors of a build's tensors once: equal figures for the same bytes share one row.
    static func insert(_ record: TensorErrorRecord, of build: SHA256Digest, _ database: Database) throws {
        let payload = try CanonicalJSON.encode(record.tensors)
        try database.execute(
            sql: """
                INSERT INTO tensorError (fingerprint, buildDigest, againstDigest, method, toolVersion, payload, createdAt)
                VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO NOTHING
                """,
            arguments: [
                fingerprint(ofPayload: payload, record.method, build).description, build.description,
                record.againstDigest?.description, record.method, record.toolVersion, payload, Timestamp.now,
            ]
        )
    }

    static func fingerprint(ofPayload payload: String, _ method: String, _ build: SHA256Digest) -> SHA256Digest {
        SHA256Digest(of: "\(build) \(method) \(payload)".utf8)
    }

    static func tensorErrors(_ row: Row) throws -> TensorErrorRecord {
        let againstDigest: String? = try row.value("againstDigest")
        return TensorErrorRecord(
            againstDigest: try againstDigest.map(digest),
            method: try row.value("method"),
            toolVersion: try row.value("toolVersion"),
            tensors: try json(row.value("payload"), "payload of tensorError")
        )
    }
}

extension ModelRegistry {
    /// The quantization errors of the tensors of these bytes, under any name; oldest first.
    public func tensorErrors(of digest: SHA256Digest) throws -> [TensorErrorRecord] {
        try look { database in
            guard try database.tableExists("tensorError") else {
                return try OlderTensorErrors.noted(of: digest, database).map { [$0] } ?? []
            }
            return try Row.fetchAll(
                database,
                sql: "SELECT * FROM tensorError WHERE buildDigest = ? ORDER BY id",
                arguments: [digest.description]
            ).map(Rows.tensorErrors)
        }
    }
}
