import BinaryIO
import Foundation
import GRDB

/// Reads tensor errors from the step cache. Registries from before migration 9 have them only there, in the outputs of
/// quantizing steps. The JSON belongs to the pipeline; this is the form it had then.
enum OlderTensorErrors {
    private struct Outputs: Decodable {
        struct Files: Decodable { let _0: [File] }

        struct File: Decodable {
            let digest: SHA256Digest
            let errors: [Noted]?
        }

        struct Noted: Decodable {
            let tensor: String
            let relativeError: Double
            let weightedError: Double?
        }

        let files: Files
    }

    /// The errors from the latest step that names these bytes; nil if there is none.
    static func noted(of digest: SHA256Digest, _ database: Database) throws -> TensorErrorRecord? {
        let outputs = try String.fetchOne(
            database,
            sql: """
                SELECT outputs FROM stepRecord WHERE stepKind = 'quantize' AND instr(outputs, ?) > 0
                ORDER BY finishedAt DESC, key LIMIT 1
                """,
            arguments: [digest.description]
        )
        return try outputs.flatMap { try records($0, database).first { $0.build == digest }?.record }
    }

    /// Makes records of the published builds' errors in the step cache. Builds whose rows another program changed keep
    /// their seals.
    static func move(_ database: Database) throws {
        let keys = try String.fetchAll(
            database,
            sql: "SELECT key FROM stepRecord WHERE stepKind = 'quantize' ORDER BY finishedAt, key"
        )
        for key in keys {
            let outputs = try String.fetchOne(
                database,
                sql: "SELECT outputs FROM stepRecord WHERE key = ?",
                arguments: [key]
            )
            for (build, record) in try records(outputs ?? "", database) {
                try Seals.keeping([.build(build)], database) { try Rows.insert(record, of: build, database) }
            }
        }
    }

    /// The errors of published builds in a step's outputs.
    private static func records(
        _ outputs: String,
        _ database: Database
    ) throws -> [(build: SHA256Digest, record: TensorErrorRecord)] {
        // The cache may hold anything; outputs of another form are skipped.
        guard let files = try? JSONDecoder().decode(Outputs.self, from: Data(outputs.utf8)).files._0 else { return [] }
        return try files.compactMap { file in
            let tensors = (file.errors ?? []).map {
                TensorErrorRecord.Tensor(
                    name: $0.tensor,
                    relativeError: $0.relativeError,
                    weightedError: $0.weightedError
                )
            }
            let toolVersion = try String.fetchOne(
                database,
                sql: "SELECT toolVersion FROM build WHERE digest = ? ORDER BY id LIMIT 1",
                arguments: [file.digest.description]
            )
            guard let toolVersion, !tensors.isEmpty else { return nil }
            return (file.digest, TensorErrorRecord(toolVersion: toolVersion, tensors: tensors))
        }
    }
}
