import BinaryIO
import GRDB

/// Compares every row of a registry with what was written: seals, fingerprints, the audit log, and derived rows. A row
/// that cannot be read counts as damage, and the check continues with the others.
struct Inspection {
    private(set) var damages: [VerificationReport.Damage] = []
    /// The objects that offered builds need, if their rows can be read.
    private(set) var objects: [StoredObject] = []
    /// The names of offered builds.
    private(set) var names: [SHA256Digest: [BuildName]] = [:]

    private let database: Database
    private static let remedy = "Restore the database from a backup."

    init(of database: Database) {
        self.database = database
        check("object") { inspection in
            let sql = try Rows.objectColumns(database) + " WHERE " + Rows.isNeeded(database) + " ORDER BY digest"
            inspection.objects = try inspection.rows(of: "object", sql, key: "digest", Rows.object)
        }
        check("build") { inspection in
            let builds = try inspection.rows(of: "build", Rows.offeredBuilds(database), key: "digest", Rows.build)
            inspection.names = Dictionary(grouping: builds, by: \.digest).mapValues { $0.map(\.name) }
        }
        check("the tables") { try $0.readEverything() }
        check("sqlite_sequence") { try $0.compareSequences() }
        check("measurement") { try $0.compareFingerprints() }
        check("deviceMeasurement") { try $0.compareDevices() }
        check("audit") { try $0.compareAuditLog(database) }
        check("standing") { try $0.compareStandings() }
        check("seal") { try $0.compareSeals() }
    }

    /// Runs one check. If it fails with an error, the error is noted and the other checks still run.
    private mutating func check(_ what: String, _ body: (inout Inspection) throws -> Void) {
        do {
            try body(&self)
        } catch let error as DatabaseError {
            note(what, "this cannot be checked: \(error.message ?? error.resultCode.description)")
        } catch {
            note(what, "this cannot be checked: \(error)")
        }
    }

    mutating func note(_ what: String, _ detail: String, of builds: [BuildName] = [], remedy: String = Self.remedy) {
        let separator = detail.hasSuffix(".") ? " " : ". "
        damages.append(.init(kind: .fact, builds: builds, detail: "\(what): \(detail)\(separator)\(remedy)"))
    }

    /// Reads values from rows. Rows with impossible values are left out and reported by their key.
    @discardableResult
    private mutating func rows<Value>(
        of table: String,
        _ sql: String,
        key: String,
        _ value: (Row) throws -> Value
    ) throws -> [Value] {
        var values: [Value] = []
        let cursor = try Row.fetchCursor(database, sql: sql)
        while let row = try cursor.next() {
            do {
                values.append(try value(row))
            } catch let error as DatabaseError {
                throw error
            } catch {
                let place: DatabaseValue = row[key] ?? .null
                note("\(table), \(key) \(place)", "this row cannot be read: \(error)")
            }
        }
        return values
    }

    /// Decodes the columns that no other check decodes.
    private mutating func readEverything() throws {
        func times(_ columns: [String]) -> (Row) throws -> Void {
            { row in
                for column in columns {
                    if let text: String = try row.value(column) { _ = try Timestamp.date(text) }
                }
            }
        }
        let tables: [(String, String, [String])] = [
            ("model", "id", ["createdAt"]), ("version", "id", ["createdAt"]), ("build", "id", ["createdAt"]),
            ("object", "digest", ["createdAt"]), ("fit", "buildDigest", ["createdAt"]),
            ("lineage", "toDigest", ["createdAt"]), ("stepRecord", "key", ["finishedAt"]),
            ("run", "id", ["startedAt", "finishedAt"]), ("channelMove", "id", ["createdAt"]),
            ("pack", "id", ["createdAt"]), ("signature", "buildDigest", ["createdAt"]),
            ("sensitivity", "id", ["createdAt"]), ("withdrawal", "buildId", ["createdAt"]),
            ("damage", "objectDigest", ["createdAt"]), ("tensorError", "id", ["createdAt"]),
            ("recipe", "id", ["createdAt"]), ("pipeline", "digest", ["createdAt"]),
        ]
        for (table, key, columns) in tables where try database.tableExists(table) {
            try rows(of: table, "SELECT * FROM \(table)", key: key, times(columns))
        }
        if try database.tableExists("part") { try rows(of: "part", Rows.partColumns, key: "digest", Rows.part) }
        if try database.tableExists("pipeline") {
            try rows(of: "pipeline", "SELECT * FROM pipeline", key: "digest") { try Rows.pipeline($0) }
        }
        try rows(of: "fit", "SELECT * FROM fit", key: "buildDigest") { try Rows.fit($0) }
        try rows(of: "lineage", "SELECT * FROM lineage", key: "toDigest") { try Rows.edge($0) }
    }

    /// Compares the last row ids that SQLite assigned with the rows: rows that were deleted at the end leave a gap.
    private mutating func compareSequences() throws {
        for (table, key) in [("audit", "sequence"), ("channelMove", "id")] {
            let isRight = try Bool.fetchOne(
                database,
                sql: """
                    SELECT NOT EXISTS (SELECT 1 FROM \(table)) OR EXISTS (
                        SELECT 1 FROM sqlite_sequence WHERE name = '\(table)' AND typeof(seq) = 'integer'
                            AND seq = (SELECT max(\(key)) FROM \(table)))
                    """
            )
            if isRight != true { note("sqlite_sequence", "the last number of \(table) is not the one of its last row") }
        }
    }

    /// Compares each measurement's fingerprint, which has covered all of its columns since the first version of the
    /// format.
    private mutating func compareFingerprints() throws {
        let names = names
        let found = try rows(of: "measurement", "SELECT * FROM measurement", key: "id") {
            row -> (Int64, SHA256Digest)? in
            _ = try Timestamp.date(row.value("createdAt"))
            let build = try Rows.digest(row.value("buildDigest"))
            let value = try Rows.measurement(row)
            let stored: String = try row.value("fingerprint")
            guard try Rows.fingerprint(of: value, build).description != stored else { return nil }
            return (try row.value("id"), build)
        }
        for case let (id, build)? in found {
            note("measurement \(id)", "it is not what was measured; its fingerprint is another", of: names[build] ?? [])
        }
        guard try database.tableExists("tensorError") else { return }
        let noted = try rows(of: "tensorError", "SELECT * FROM tensorError", key: "id") {
            row -> (Int64, SHA256Digest)? in
            let build = try Rows.digest(row.value("buildDigest"))
            let record = try Rows.tensorErrors(row)
            let own = Rows.fingerprint(ofPayload: try row.value("payload"), record.method, build)
            return try own.description == row.value("fingerprint") ? nil : (row.value("id"), build)
        }
        for case let (id, build)? in noted {
            note("tensorError \(id)", "it is not what was noted; its fingerprint is another", of: names[build] ?? [])
        }
        guard try database.tableExists("recipe") else { return }
        let chosen = try rows(of: "recipe", "SELECT * FROM recipe", key: "id") { row -> (Int64, SHA256Digest)? in
            let build = try Rows.digest(row.value("buildDigest"))
            _ = try Rows.recipe(row)
            let own = Rows.fingerprint(ofRecipe: try row.value("payload"), build)
            return try own.description == row.value("fingerprint") ? nil : (row.value("id"), build)
        }
        for case let (id, build)? in chosen {
            note("recipe \(id)", "it is not what was noted; its fingerprint is another", of: names[build] ?? [])
        }
    }

    /// Compares the index of measurements by device with the measurements' conditions.
    private mutating func compareDevices() throws {
        guard try database.tableExists("deviceMeasurement") else { return }
        let found = try Row.fetchCursor(
            database,
            sql: """
                SELECT measurement.id, measurement.conditions, deviceMeasurement.device
                FROM measurement LEFT JOIN deviceMeasurement ON measurementId = measurement.id
                WHERE deviceMeasurement.device IS NOT NULL OR instr(conditions, '"\(ModelRegistry.deviceCondition)"') > 0
                """
        )
        while let row = try found.next() {
            let device: String? = try row.value("device")
            let text: String? = try row.value("conditions")
            let conditions: [String: String]? = text.flatMap { try? Rows.json($0, "conditions") }
            guard device != conditions?[ModelRegistry.deviceCondition] else { continue }
            let id: Int64 = try row.value("id")
            note("deviceMeasurement, measurement \(id)", "it names another device than the measurement does")
        }
    }

    /// Compares the standings with the builds and measurements that they derive from.
    private mutating func compareStandings() throws {
        guard try database.tableExists("standing") else { return }
        var questions = Schema.wrongStandings
        if try database.tableExists("channelStanding") { questions += Schema.wrongNarrowStandings }
        if try Schema.hasShapeBounds(database) { questions.append(("shape", Schema.wrongShapeBounds)) }
        for (table, sql) in questions {
            let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM (\(sql))") ?? 0
            guard count > 0 else { continue }
            note(
                table,
                "\(count) rows do not follow from the builds and what was measured of them",
                remedy: "Make them anew with \(command: "registry repair", "apply")."
            )
        }
    }

    private mutating func compareSeals() throws {
        guard try Seals.exist(database) else { return }
        var expected: [String: String] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT subject, digests FROM seal") {
            expected[try row.value("subject")] = try row.value("digests", as: String.self)
        }
        try Seals.groups(database) { group in
            let known = expected.removeValue(forKey: group.subject) ?? ""
            let own = try group.digests(database)
            guard own != known else { return }
            let names: [BuildName] = if case .build(let digest) = group { names[digest] ?? [] } else { [] }
            let tables = Self.changedTables(known, own).joined(separator: ", ")
            note(Self.title(group, names), "rows of \(tables) are not what edgepipe wrote", of: names)
        }
        for (subject, digests) in expected.sorted(by: { $0.key < $1.key }) {
            let what = SealedGroup(subject: subject).map { Self.title($0, []) } ?? "seal \"\(subject)\""
            let tables = Self.changedTables(digests, "").joined(separator: ", ")
            note(what, "rows of \(tables.isEmpty ? "seal" : tables) are gone or were renamed")
        }
    }

    private static func title(_ group: SealedGroup, _ names: [BuildName]) -> String {
        names.isEmpty ? group.subject : names.map(\.description).joined(separator: ", ")
    }

    /// The tables whose digests differ, as far as the seals show.
    private static func changedTables(_ known: String, _ own: String) -> [String] {
        func tables(_ text: String) -> [Substring: Substring] {
            Dictionary(
                text.split(separator: " ").map { entry in
                    let halves = entry.split(separator: "=", maxSplits: 1)
                    return (halves[0], halves.count > 1 ? halves[1] : "")
                },
                uniquingKeysWith: { first, _ in first }
            )
        }
        let (before, after) = (tables(known), tables(own))
        return Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }.map(String.init).sorted()
    }
}
