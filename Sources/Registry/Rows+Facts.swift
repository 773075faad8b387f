import BinaryIO
import Foundation
import GRDB

extension Rows {
    /// Adds a measurement once: the same number under the same conditions is the same row.
    static func insert(_ value: MeasurementRecord, of build: SHA256Digest, _ database: Database) throws {
        let fingerprint = SHA256Digest(of: try (build.description + CanonicalJSON.encode(value)).utf8)
        try database.execute(
            sql: """
                INSERT INTO measurement (fingerprint, buildDigest, metric, value, standardError, unit, method, textDigest,
                    context, chunks, againstDigest, kernels, toolVersion, conditions, createdAt)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (fingerprint) DO NOTHING
                """,
            arguments: [
                fingerprint.description, build.description, value.metric, value.value, value.standardError, value.unit,
                value.method, value.textDigest?.description, value.context, value.chunks,
                value.againstDigest?.description, value.kernels, value.toolVersion,
                try CanonicalJSON.encode(value.conditions), Timestamp.now,
            ]
        )
    }

    static func measurement(_ row: Row) throws -> MeasurementRecord {
        let textDigest: String? = row["textDigest"]
        let againstDigest: String? = row["againstDigest"]
        let conditions: String = row["conditions"]
        return MeasurementRecord(
            metric: row["metric"],
            value: row["value"],
            standardError: row["standardError"],
            unit: row["unit"],
            method: row["method"],
            textDigest: try textDigest.map(digest),
            context: row["context"],
            chunks: row["chunks"],
            againstDigest: try againstDigest.map(digest),
            kernels: row["kernels"],
            toolVersion: row["toolVersion"],
            conditions: try JSONDecoder().decode([String: String].self, from: Data(conditions.utf8))
        )
    }

    /// Records an estimate, in the place of the older one for the same device, context and cache type.
    static func upsert(_ fit: FitRecord, of build: SHA256Digest, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO fit (buildDigest, device, context, kvType, verdict, peakMemoryLow, peakMemoryMid,
                    peakMemoryHigh, decodeTokensPerSecond, prefillTokensPerSecond, sustainedFactor,
                    batteryPercentPer1kTokens, confidence, payload, toolVersion, createdAt)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                build.description, fit.device, fit.context, fit.kvType, fit.verdict, fit.peakMemoryLow,
                fit.peakMemoryMid, fit.peakMemoryHigh, fit.decodeTokensPerSecond, fit.prefillTokensPerSecond,
                fit.sustainedFactor, fit.batteryPercentPer1kTokens, fit.confidence, fit.payload, fit.toolVersion,
                Timestamp.now,
            ]
        )
    }

    static func fit(_ row: Row) -> FitRecord {
        FitRecord(
            device: row["device"],
            context: row["context"],
            kvType: row["kvType"],
            verdict: row["verdict"],
            peakMemoryLow: row["peakMemoryLow"],
            peakMemoryMid: row["peakMemoryMid"],
            peakMemoryHigh: row["peakMemoryHigh"],
            decodeTokensPerSecond: row["decodeTokensPerSecond"],
            prefillTokensPerSecond: row["prefillTokensPerSecond"],
            sustainedFactor: row["sustainedFactor"],
            batteryPercentPer1kTokens: row["batteryPercentPer1kTokens"],
            confidence: row["confidence"],
            payload: row["payload"],
            toolVersion: row["toolVersion"]
        )
    }

    static func insert(_ edge: LineageEdge, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO lineage (toDigest, fromDigest, stepKind, optionsDigest, createdAt) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """,
            arguments: [
                edge.to.description, edge.from.description, edge.stepKind, edge.optionsDigest.description,
                Timestamp.now,
            ]
        )
    }

    static func edge(_ row: Row) throws -> LineageEdge {
        LineageEdge(
            from: try digest(row["fromDigest"]),
            stepKind: row["stepKind"],
            to: try digest(row["toDigest"]),
            optionsDigest: try digest(row["optionsDigest"])
        )
    }
}
