import BinaryIO
import Foundation
import GRDB

extension Rows {
    /// Adds a measurement once: the same number under the same conditions is the same row.
    static func insert(_ value: MeasurementRecord, of build: SHA256Digest, _ database: Database) throws {
        let fingerprint = try fingerprint(of: value, build)
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
        guard let device = value.conditions[ModelRegistry.deviceCondition] else { return }
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO deviceMeasurement (device, measurementId)
                SELECT ?, id FROM measurement WHERE fingerprint = ?
                """,
            arguments: [device, fingerprint.description]
        )
    }

    /// The digest of the build and of every column of a measurement except the time when it was recorded.
    static func fingerprint(of value: MeasurementRecord, _ build: SHA256Digest) throws -> SHA256Digest {
        SHA256Digest(of: try (build.description + CanonicalJSON.encode(value)).utf8)
    }

    static func measurement(_ row: Row) throws -> MeasurementRecord {
        let textDigest: String? = try row.value("textDigest")
        let againstDigest: String? = try row.value("againstDigest")
        let conditions: String = try row.value("conditions")
        return MeasurementRecord(
            metric: try row.value("metric"),
            value: try row.value("value"),
            standardError: try row.value("standardError"),
            unit: try row.value("unit"),
            method: try row.value("method"),
            textDigest: try textDigest.map(digest),
            context: try row.value("context"),
            chunks: try row.value("chunks"),
            againstDigest: try againstDigest.map(digest),
            kernels: try row.value("kernels"),
            toolVersion: try row.value("toolVersion"),
            conditions: try json(conditions, "conditions")
        )
    }

    /// Decodes JSON that was checked before it was written.
    static func json<Value: Decodable>(_ text: String, _ field: String) throws -> Value {
        guard let value = try? JSONDecoder().decode(Value.self, from: Data(text.utf8)) else {
            throw RegistryError.damagedRow(field: field, detail: "the database holds no such JSON")
        }
        return value
    }

    /// Records an estimate; replaces the older one for the same device, context and cache type.
    static func upsert(_ fit: FitRecord, of build: SHA256Digest, _ database: Database) throws {
        let known = try Row.fetchOne(
            database,
            sql: "SELECT * FROM fit WHERE buildDigest = ? AND device = ? AND context = ? AND kvType = ?",
            arguments: [build.description, fit.device, fit.context, fit.kvType]
        )
        // The same estimate does not count as newer.
        if let known, try Self.fit(known) == fit { return }
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

    static func fit(_ row: Row) throws -> FitRecord {
        try FitRecord(
            device: row.value("device"),
            context: row.value("context"),
            kvType: row.value("kvType"),
            verdict: row.value("verdict"),
            peakMemoryLow: row.value("peakMemoryLow"),
            peakMemoryMid: row.value("peakMemoryMid"),
            peakMemoryHigh: row.value("peakMemoryHigh"),
            decodeTokensPerSecond: row.value("decodeTokensPerSecond"),
            prefillTokensPerSecond: row.value("prefillTokensPerSecond"),
            sustainedFactor: row.value("sustainedFactor"),
            batteryPercentPer1kTokens: row.value("batteryPercentPer1kTokens"),
            confidence: row.value("confidence"),
            payload: row.value("payload"),
            toolVersion: row.value("toolVersion")
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
            from: try digest(row.value("fromDigest")),
            stepKind: try row.value("stepKind"),
            to: try digest(row.value("toDigest")),
            optionsDigest: try digest(row.value("optionsDigest"))
        )
    }

    /// The newest value of each metric of a version's builds, by type.
    static func numbers(ofVersion id: Int64, _ database: Database) throws -> [String: [String: Double]] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT build.type, measurement.metric, measurement.value
                FROM build JOIN measurement ON measurement.buildDigest = build.digest
                WHERE build.versionId = ? ORDER BY measurement.createdAt, measurement.id
                """,
            arguments: [id]
        )
        var numbers: [String: [String: Double]] = [:]
        for row in rows {
            numbers[try row.value("type"), default: [:]][try row.value("metric")] = try row.value(
                "value",
                as: Double.self
            )
        }
        return numbers
    }
}
