import BinaryIO
import GRDB

/// Stores the digests of all rows in the database; see `SealedGroup`.
enum Seals {
    static let table = """
        CREATE TABLE seal (
            subject TEXT NOT NULL PRIMARY KEY,
            digests TEXT NOT NULL CHECK (digests <> '')
        ) STRICT, WITHOUT ROWID;
        """

    /// Whether the registry has seals. One that predates them has none, and is still readable.
    static func exist(_ database: Database) throws -> Bool { try database.tableExists("seal") }

    /// Runs a change of these groups' rows inside its transaction, and seals the result.
    ///
    /// A group whose rows did not match their seal before keeps its old seal: a change by another program stays
    /// detectable, whatever is written later. New metadata of published bytes gets a line in the audit log, so that the
    /// chain covers it.
    static func keeping<Value>(
        _ groups: some Sequence<SealedGroup>,
        _ database: Database,
        _ body: () throws -> Value
    ) throws -> Value {
        guard try exist(database) else { return try body() }
        let before = try Set(groups).map { ($0, try stored($0, database)) }
        let intact = try before.filter { group, seal in try group.digests(database) == seal }
        let start = try lastLine(database)
        let value = try body()
        for (group, seal) in intact {
            let now = try put(group, database)
            if case .build(let digest) = group, now != seal { try noteFacts(of: digest, now, after: start, database) }
        }
        return value
    }

    /// Seals a group that was replaced as a whole, whatever its rows were before.
    @discardableResult
    static func put(_ group: SealedGroup, _ database: Database) throws -> String {
        let digests = try group.digests(database)
        if digests.isEmpty {
            try database.execute(sql: "DELETE FROM seal WHERE subject = ?", arguments: [group.subject])
        } else {
            try database.execute(
                sql: "INSERT OR REPLACE INTO seal (subject, digests) VALUES (?, ?)",
                arguments: [group.subject, digests]
            )
        }
        return digests
    }

    static func stored(_ group: SealedGroup, _ database: Database) throws -> String {
        let statement = try database.cachedStatement(sql: "SELECT digests FROM seal WHERE subject = ?")
        return try String.fetchOne(statement, arguments: [group.subject]) ?? ""
    }

    /// The digest by which the audit log refers to all metadata of published bytes.
    static func facts(_ digests: String) -> SHA256Digest { SHA256Digest(of: digests.utf8) }

    /// The current metadata of published bytes, for a line of the audit log.
    static func facts(of digest: SHA256Digest, _ database: Database) throws -> [String: String] {
        guard try exist(database) else { return ["sha256": "\(digest)"] }
        return ["sha256": "\(digest)", "facts": "\(facts(try SealedGroup.build(digest).digests(database)))"]
    }

    /// Adds a line, unless this transaction has added it already.
    private static func noteFacts(
        of digest: SHA256Digest,
        _ digests: String,
        after start: Int,
        _ database: Database
    ) throws {
        let isNoted = try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM audit WHERE sequence > ? AND instr(detail, ?) > 0)",
            arguments: [start, "\(facts(digests))"]
        )
        guard isNoted != true else { return }
        let detail = try CanonicalJSON.encode(["sha256": "\(digest)", "facts": "\(facts(digests))"])
        try AuditLog.append("facts", subject: "\(digest)", detail: detail, to: database)
    }

    private static func lastLine(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT coalesce(max(sequence), 0) FROM audit") ?? 0
    }

    /// Calls `body` with every group that has rows now.
    static func groups(_ database: Database, _ body: (SealedGroup) throws -> Void) throws {
        func each(_ sql: String, _ group: (String) throws -> SealedGroup) throws {
            let keys = try String.fetchCursor(database, sql: sql)
            while let key = try keys.next() { try body(group(key)) }
        }
        try each("SELECT digest FROM object") { .build(try Rows.digest($0)) }
        try each("SELECT digest FROM object") { .place(try Rows.digest($0)) }
        try each("SELECT DISTINCT toDigest FROM lineage") { .lineage(try Rows.digest($0)) }
        try each("SELECT name FROM pack") { .pack($0) }
        try each("SELECT name FROM model WHERE id IN (SELECT modelId FROM channelMove)") { .channels($0) }
        try each("SELECT DISTINCT modelDigest FROM sensitivity") { .sensitivities(try Rows.digest($0)) }
        try each("SELECT key FROM stepRecord") { .step(try Rows.digest($0)) }
        try each("SELECT id FROM run") { .run($0) }
        if try database.tableExists("pipeline") {
            try each("SELECT digest FROM pipeline") { .pipeline(try Rows.digest($0)) }
        }
        if try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM damage)") == true { try body(.damages) }
    }

    /// Seals a registry that predates seals as it is found; changes are detected from then on.
    static func sealAll(_ database: Database) throws {
        var all: [SealedGroup] = []
        try groups(database) { all.append($0) }
        guard !all.isEmpty else { return }
        var hasher = SHA256Hasher()
        for group in all {
            let line = Array("\(group.subject) \(try put(group, database))\n".utf8)
            line.withUnsafeBytes { hasher.update($0) }
        }
        let detail = try CanonicalJSON.encode(["groups": "\(all.count)", "sha256": "\(hasher.finalize())"])
        try AuditLog.append("seal", subject: "", detail: detail, to: database)
    }
}
