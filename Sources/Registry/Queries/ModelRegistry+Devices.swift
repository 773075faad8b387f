import BinaryIO
import GRDB

extension Schema {
    /// The measurements that were made on a device of the catalogue, so that a query finds those of its devices.
    static let deviceMeasurementTable = """
        CREATE TABLE deviceMeasurement (
            device TEXT NOT NULL CHECK (device <> ''),
            measurementId INTEGER NOT NULL REFERENCES measurement(id),
            PRIMARY KEY (device, measurementId)
        ) STRICT, WITHOUT ROWID;
        \(guardian("deviceMeasurement", ["UPDATE", "DELETE"]))
        """
}

extension ModelRegistry {
    /// The condition that names a device of the catalogue.
    public static let deviceCondition = "device"

    /// Adds measurements to a published build, all or none; adding the same ones again changes nothing.
    public func record(_ values: [MeasurementRecord], of build: BuildName) throws {
        for value in values { try BuildDraft.check(value) }
        try change { database in
            guard let record = try Rows.published(build, database) else {
                throw RegistryError.notFound("\(build)", available: [])
            }
            try Seals.keeping([.build(record.digest)], database) {
                for value in values { try Rows.insert(value, of: record.digest, database) }
                try Rows.place(record.digest, database)
                let metrics = ["metrics": values.map(\.metric).sorted().joined(separator: ",")]
                let detail = try CanonicalJSON.encode(
                    Seals.facts(of: record.digest, database).merging(metrics) { _, own in own }
                )
                try AuditLog.append("measurement", subject: "\(build)", detail: detail, to: database)
            }
        }
    }

    /// The offered builds with these digests, limited to a channel if one is given.
    public func builds(ofDigests digests: [SHA256Digest], channel: String?) throws -> [BuildRecord] {
        guard !digests.isEmpty else { return [] }
        return try look { database in
            var sql = try Rows.offeredBuilds(database) + " AND build.digest = ?"
            if channel != nil { sql += " AND version.id IN (SELECT versionId FROM channel WHERE channel.name = ?)" }
            let statement = try database.cachedStatement(sql: sql)
            return try digests.flatMap { digest in
                let arguments = [digest.description] + [channel].compactMap { $0 }
                return try Row.fetchAll(statement, arguments: StatementArguments(arguments)).map(Rows.build)
            }
        }
    }

    /// The measurements made on these devices, by build, oldest first.
    public func measurements(onDevices devices: [String]) throws -> [SHA256Digest: [MeasurementRecord]] {
        guard !devices.isEmpty else { return [:] }
        return try look { database in
            guard try database.tableExists("deviceMeasurement") else { return [:] }
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT measurement.* FROM deviceMeasurement JOIN measurement ON measurement.id = measurementId
                    WHERE device IN (\(devices.map { _ in "?" }.joined(separator: ",")))
                    ORDER BY measurement.id
                    """,
                arguments: StatementArguments(devices)
            )
            var found: [SHA256Digest: [MeasurementRecord]] = [:]
            for row in rows {
                found[try Rows.digest(row.value("buildDigest")), default: []].append(try Rows.measurement(row))
            }
            return found
        }
    }
}
