import BinaryIO
import Foundation
import GRDB

/// The state that the audit log describes: the last line about each subject.
private struct AuditLogState {
    struct Build: Equatable {
        var digest: String
        var isWithdrawn: Bool
    }

    struct Move {
        var from: String?
        var to: String
        /// Nil if the line predates reasons for moves.
        var who: String?
        var why: String?
    }

    var builds: [String: Build] = [:]
    var moves: [String: [Move]] = [:]
    /// Digests of bytes and of keys.
    var signatures: Set<[String]> = []
    var sensitivities: [String: Int] = [:]
    /// By digest of the bytes.
    var facts: [String: String] = [:]

    mutating func read(_ action: String, _ subject: String, _ detail: [String: String]) {
        if let digest = detail["sha256"], let known = detail["facts"] { facts[digest] = known }
        switch action {
        case "publish": builds[subject] = Build(digest: detail["sha256"] ?? "", isWithdrawn: false)
        case "delete": builds[subject]?.isWithdrawn = true
        case "channel":
            let from = detail["from"].flatMap { $0.isEmpty ? nil : $0 }
            let move = Move(from: from, to: detail["to"] ?? "", who: detail["who"], why: detail["why"])
            moves[subject, default: []].append(move)
        case "sign": signatures.insert([detail["sha256"] ?? builds[subject]?.digest ?? "", detail["key"] ?? ""])
        case "sensitivity": sensitivities[subject, default: 0] += 1
        default: break
        }
    }
}

/// Compares the audit log with the tables. Every publication, withdrawal, move and signature has had a line since the
/// first version of the format, so the check works for older registries too.
extension Inspection {
    mutating func compareAuditLog(_ database: Database) throws {
        var log = AuditLogState()
        let lines = try Row.fetchCursor(database, sql: "SELECT action, subject, detail FROM audit ORDER BY sequence")
        while let row = try lines.next() {
            // A line that cannot be read breaks the chain, and the check of the chain reports it.
            guard let action: String = try? row.value("action"), let subject: String = try? row.value("subject"),
                let text: String = try? row.value("detail")
            else { continue }
            let detail = try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))
            log.read(action, subject, detail ?? [:])
        }
        try compareBuilds(log, database)
        try compareMoves(log, database)
        try compareRest(log, database)
    }

    private mutating func compareBuilds(_ log: AuditLogState, _ database: Database) throws {
        var missing = log.builds
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT model.name || '@' || version.name || ':' || build.type AS name, build.digest,
                    NOT (\(Rows.isOffered(database))) AS isWithdrawn
                FROM build JOIN version ON version.id = build.versionId JOIN model ON model.id = version.modelId
                """
        )
        while let row = try rows.next() {
            let name: String = try row.value("name")
            let own = AuditLogState.Build(digest: try row.value("digest"), isWithdrawn: try row.value("isWithdrawn"))
            guard let said = missing.removeValue(forKey: name) else {
                note(name, "it is in the table build, and the audit log never says that it was published")
                continue
            }
            if said.digest != own.digest { note(name, "the audit log says that other bytes were published") }
            if said.isWithdrawn != own.isWithdrawn {
                note(name, "the audit log says that it \(said.isWithdrawn ? "was deleted" : "is published")")
            }
        }
        for name in missing.keys.sorted() { note(name, "the audit log says that it was published, and it has no row") }
    }

    private mutating func compareMoves(_ log: AuditLogState, _ database: Database) throws {
        let hasReasons = try database.columns(in: "channelMove").contains { $0.name == "who" }
        var missing = log.moves
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT channelMove.id, model.name || '@' || channelMove.channel AS subject, source.name AS source,
                    target.name AS target, \(hasReasons ? "who, why" : "'' AS who, '' AS why")
                FROM channelMove JOIN model ON model.id = channelMove.modelId
                JOIN version AS target ON target.id = channelMove.toVersionId
                LEFT JOIN version AS source ON source.id = channelMove.fromVersionId ORDER BY channelMove.id
                """
        )
        var last: [String: String] = [:]
        for row in rows {
            let subject: String = try row.value("subject")
            let target: String = try row.value("target")
            let source: String? = try row.value("source")
            last[subject] = target
            guard let said = missing[subject]?.first else {
                note("channelMove \(subject)", "the audit log has no line of this move")
                continue
            }
            missing[subject]?.removeFirst()
            let reasons: [String] = [try row.value("who"), try row.value("why")]
            let isSame =
                said.to == target && said.from == source && (said.who ?? reasons[0]) == reasons[0]
                && (said.why ?? reasons[1]) == reasons[1]
            if !isSame { note("channelMove \(subject)", "the audit log tells this move otherwise") }
        }
        for (subject, moves) in missing.sorted(by: { $0.key < $1.key }) where !moves.isEmpty {
            note("channelMove \(subject)", "the audit log tells of a move that has no row")
        }
        let channels = try Row.fetchAll(
            database,
            sql: """
                SELECT model.name || '@' || channel.name AS subject, version.name AS target FROM channel
                JOIN model ON model.id = channel.modelId JOIN version ON version.id = channel.versionId
                """
        )
        for row in channels {
            let subject: String = try row.value("subject")
            let target: String = try row.value("target")
            if last.removeValue(forKey: subject) != target {
                note("channel \(subject)", "it does not point where it was moved last")
            }
        }
        for subject in last.keys.sorted() { note("channel \(subject)", "it was moved, and it has no row") }
    }

    private mutating func compareRest(_ log: AuditLogState, _ database: Database) throws {
        if try database.tableExists("signature") {
            let rows = try Row.fetchAll(database, sql: "SELECT buildDigest, keyDigest FROM signature")
            let own = try Set(rows.map { [try $0.value("buildDigest", as: String.self), try $0.value("keyDigest")] })
            for pair in own.symmetricDifference(log.signatures).sorted(by: { $0[0] < $1[0] }) {
                let detail =
                    own.contains(pair) ? "the audit log never says that it was made" : "it was made, and it has no row"
                note("signature of \(pair[0].prefix(12)) by key \(pair[1].prefix(12))", detail)
            }
        }
        if try database.tableExists("sensitivity") {
            let sql = "SELECT modelDigest, count(*) AS count FROM sensitivity GROUP BY modelDigest"
            var counts: [String: Int] = [:]
            for row in try Row.fetchAll(database, sql: sql) {
                counts[try row.value("modelDigest")] = try row.value("count")
            }
            for model in Set(counts.keys).union(log.sensitivities.keys).sorted()
            where counts[model] != log.sensitivities[model] {
                note("sensitivity of \(model.prefix(12))", "the audit log tells of another number of measurements")
            }
        }
        guard try Seals.exist(database) else { return }
        for (text, facts) in log.facts.sorted(by: { $0.key < $1.key }) {
            guard let digest = SHA256Digest(hex: text) else { continue }
            let seal = try Seals.stored(.build(digest), database)
            if "\(Seals.facts(seal))" != facts {
                note(
                    "seal of \(digest.short)",
                    "the audit log has another digest of what is known",
                    of: names[digest] ?? []
                )
            }
        }
    }
}
