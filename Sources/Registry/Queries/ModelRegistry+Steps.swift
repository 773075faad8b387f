import BinaryIO
import Foundation
import GRDB

extension ModelRegistry {
    /// The cached result of the step with this key; nil if it never finished here.
    public func stepRecord(for key: SHA256Digest) throws -> StepRecord? {
        try look { database in
            try Row.fetchOne(
                database,
                sql: "SELECT * FROM stepRecord WHERE key = ?",
                arguments: [key.description]
            ).map(Self.step)
        }
    }

    /// The latest finished steps of a kind, newest first.
    /// - Parameter implementation: the version of the kind's implementation.
    public func stepRecords(ofKind kind: String, implementation: String, limit: Int) throws -> [StepRecord] {
        try look { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM stepRecord WHERE stepKind = ? AND implementationVersion = ?
                    ORDER BY finishedAt DESC, key LIMIT ?
                    """,
                arguments: [kind, implementation, limit]
            ).map(Self.step)
        }
    }

    private static func step(_ row: Row) throws -> StepRecord {
        StepRecord(
            key: try Rows.digest(row.value("key")),
            stepKind: try row.value("stepKind"),
            implementationVersion: try row.value("implementationVersion"),
            outputs: try row.value("outputs"),
            seconds: try row.value("seconds"),
            finishedAt: try Timestamp.date(row.value("finishedAt"))
        )
    }

    /// Caches a finished step; the same key again replaces the cached result.
    public func record(_ step: StepRecord) throws {
        try NameGrammar.check(step.stepKind, of: "step kind")
        try BuildDraft.check(BuildDraft.isJSON(step.outputs), "outputs", "JSON")
        try change { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO stepRecord
                        (key, stepKind, implementationVersion, outputs, seconds, finishedAt)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    step.key.description, step.stepKind, step.implementationVersion, step.outputs, step.seconds,
                    Timestamp.text(step.finishedAt),
                ]
            )
            try Seals.put(.step(step.key), database)
        }
    }

    /// Empties the step cache. No fact is lost: results are computed again when they are needed.
    public func forgetSteps() throws {
        try change { database in
            try database.execute(sql: "DELETE FROM stepRecord; DELETE FROM seal WHERE subject LIKE 'step/%'")
        }
    }

    /// Records the start of a run and, under the same id, its end.
    public func record(_ run: RunRecord) throws {
        try sealing([.run(run.id)]) { database in
            try database.execute(
                sql: """
                    INSERT INTO run (id, pipeline, pipelineDigest, toolVersion, status, startedAt, finishedAt)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET status = excluded.status, finishedAt = excluded.finishedAt
                    """,
                arguments: [
                    run.id, run.pipeline, run.pipelineDigest.description, run.toolVersion, run.status.rawValue,
                    Timestamp.text(run.startedAt), run.finishedAt.map(Timestamp.text),
                ]
            )
        }
    }

    /// The latest runs, newest first.
    /// - Parameter pipeline: the pipeline's name; nil for all.
    public func runs(of pipeline: String? = nil, limit: Int = 100) throws -> [RunRecord] {
        try look { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM run WHERE ?1 IS NULL OR pipeline = ?1 ORDER BY startedAt DESC, id LIMIT ?2",
                arguments: [pipeline, limit]
            ).map { row in
                let status: String = try row.value("status")
                let finishedAt: String? = try row.value("finishedAt")
                guard let status = RunRecord.Status(rawValue: status) else {
                    throw RegistryError.damagedRow(
                        field: "status",
                        detail: "\"\(status)\" is unknown"
                    )
                }
                return RunRecord(
                    id: try row.value("id"),
                    pipeline: try row.value("pipeline"),
                    pipelineDigest: try Rows.digest(row.value("pipelineDigest")),
                    toolVersion: try row.value("toolVersion"),
                    status: status,
                    startedAt: try Timestamp.date(row.value("startedAt")),
                    finishedAt: try finishedAt.map(Timestamp.date)
                )
            }
        }
    }
}
