import BinaryIO
import Foundation
import GRDB

extension Schema {
    /// The measurements that a budget optimizer starts from. A model is identified by its digest alone, because the
    /// file that builds are made from is seldom published itself.
    static let sensitivityTable = """
        CREATE TABLE sensitivity (
            id INTEGER PRIMARY KEY,
            modelDigest TEXT NOT NULL CHECK (length(modelDigest) = 64 AND modelDigest NOT GLOB '*[^0-9a-f]*'),
            buildDigest TEXT NOT NULL CHECK (length(buildDigest) = 64 AND buildDigest NOT GLOB '*[^0-9a-f]*'),
            textDigest TEXT NOT NULL CHECK (length(textDigest) = 64 AND textDigest NOT GLOB '*[^0-9a-f]*'),
            types TEXT NOT NULL CHECK (types <> ''),
            context INTEGER NOT NULL CHECK (context > 0),
            chunks INTEGER NOT NULL CHECK (chunks > 0),
            kernels TEXT NOT NULL CHECK (kernels <> ''),
            toolVersion TEXT NOT NULL CHECK (toolVersion <> ''),
            payload TEXT NOT NULL CHECK (payload <> ''),
            createdAt TEXT NOT NULL
        ) STRICT;
        CREATE INDEX sensitivityByModel ON sensitivity(modelDigest);
        \(guardian("sensitivity", ["UPDATE", "DELETE"]))
        """
}

extension ModelRegistry {
    /// Stores a measurement; storing the same one again changes nothing.
    public func record(_ value: SensitivityRecord) throws {
        try sealing([.sensitivities(value.modelDigest)]) { database in
            guard try !Self.sensitivities(of: value.modelDigest, database).contains(value) else { return }
            try database.execute(
                sql: """
                    INSERT INTO sensitivity (modelDigest, buildDigest, textDigest, types, context, chunks, kernels,
                        toolVersion, payload, createdAt)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    value.modelDigest.description, value.buildDigest.description, value.textDigest.description,
                    value.types, value.context, value.chunks, value.kernels, value.toolVersion, value.payload,
                    Timestamp.now,
                ]
            )
            let detail = try CanonicalJSON.encode(["types": value.types, "text": value.textDigest.description])
            try AuditLog.append("sensitivity", subject: value.modelDigest.description, detail: detail, to: database)
        }
    }

    /// The sensitivities measured for a model, latest first.
    public func sensitivities(of model: SHA256Digest) throws -> [SensitivityRecord] {
        try look { try Self.sensitivities(of: model, $0) }
    }

    private static func sensitivities(of model: SHA256Digest, _ database: Database) throws -> [SensitivityRecord] {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT * FROM sensitivity WHERE modelDigest = ? ORDER BY id DESC",
            arguments: [model.description]
        )
        return try rows.map { row in
            SensitivityRecord(
                modelDigest: try Rows.digest(try row.value("modelDigest")),
                buildDigest: try Rows.digest(try row.value("buildDigest")),
                textDigest: try Rows.digest(try row.value("textDigest")),
                types: try row.value("types"),
                context: try row.value("context"),
                chunks: try row.value("chunks"),
                kernels: try row.value("kernels"),
                toolVersion: try row.value("toolVersion"),
                payload: try row.value("payload")
            )
        }
    }
}
