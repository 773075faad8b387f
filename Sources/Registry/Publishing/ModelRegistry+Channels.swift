import BinaryIO
import Foundation
import GRDB

extension ModelRegistry {
    /// Points a channel at a published version.
    /// - Parameters:
    ///   - expected: the version that the caller believes the channel points to; nil accepts any. It keeps two people
    ///     who move the same channel at once from undoing each other's move unseen.
    ///   - isNew: whether to require that the channel does not exist yet.
    /// - Throws: `RegistryError.channelMoved` if the channel points elsewhere, `.notFound` if the version does not
    ///   exist.
    public func setChannel(
        _ channel: String,
        of model: String,
        to version: ModelVersion,
        expecting expected: ModelVersion? = nil,
        isNew: Bool = false,
        because reason: MoveReason
    ) throws {
        try Self.checkChannel(channel)
        try sealing([.channels(model)]) { database in
            if expected != nil || isNew {
                let found = try Rows.channel(channel, of: model, database)
                guard found == expected else {
                    throw RegistryError.channelMoved(channel: channel, model: model, expected: expected, found: found)
                }
            }
            try Self.moveChannel(channel, model: model, to: version, because: reason, database)
        }
    }

    /// Every move of a model's channels, oldest first.
    public func channelHistory(of model: String) throws -> [ChannelMove] {
        try look { database in
            // A registry that predates reasons for moves lacks their columns.
            let hasReasons = try database.columns(in: "channelMove").contains { $0.name == "who" }
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT channelMove.channel, model.name AS model, source.name AS source, target.name AS target,
                        channelMove.createdAt, \(hasReasons ? "who, why, numbers" : "'' AS who, '' AS why, '{}' AS numbers")
                    FROM channelMove
                    JOIN model ON model.id = channelMove.modelId
                    JOIN version AS target ON target.id = channelMove.toVersionId
                    LEFT JOIN version AS source ON source.id = channelMove.fromVersionId
                    WHERE model.name = ? ORDER BY channelMove.id
                    """,
                arguments: [model]
            ).map { row in
                ChannelMove(
                    channel: try row.value("channel"),
                    model: try row.value("model"),
                    from: try (row.value("source", as: String?.self)).map { try ModelVersion(parsing: $0) },
                    to: try ModelVersion(parsing: row.value("target")),
                    at: try Timestamp.date(row.value("createdAt")),
                    reason: MoveReason(who: try row.value("who"), why: try row.value("why")),
                    numbers: try Self.numbers(in: row.value("numbers"))
                )
            }
        }
    }

    /// Checks a channel's name, which begins with a letter so that `model@name` cannot be read as a version.
    static func checkChannel(_ channel: String) throws(RegistryError) {
        guard NameGrammar.accepts(channel), channel.first?.isLetter == true else {
            throw .invalidName(channel, of: "channel", rule: NameGrammar.rule + "; the first must be a letter")
        }
    }

    private static func numbers(in text: String) throws -> [String: [String: Double]] {
        guard let numbers = try? JSONDecoder().decode([String: [String: Double]].self, from: Data(text.utf8)) else {
            throw RegistryError.damagedRow(field: "numbers", detail: "they are not JSON")
        }
        return numbers
    }

    static func moveChannel(
        _ channel: String,
        model: String,
        to version: ModelVersion,
        because reason: MoveReason,
        _ database: Database
    ) throws {
        guard let target = try Rows.versionID(version, of: model, database) else {
            throw RegistryError.notFound("\(model)@\(version)", available: try Rows.allNames(database))
        }
        let isOffered = try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM build WHERE versionId = ? AND \(Rows.isOffered(database)))",
            arguments: [target]
        )
        guard isOffered == true else {
            throw RegistryError.notFound("\(model)@\(version)", available: try Rows.allNames(database))
        }
        let before = try Rows.channel(channel, of: model, database)
        guard before != version else { return }
        let source = try before.flatMap { try Rows.versionID($0, of: model, database) }
        try database.execute(
            sql: """
                INSERT INTO channel (modelId, name, versionId)
                SELECT modelId, :channel, id FROM version WHERE id = :target
                ON CONFLICT (modelId, name) DO UPDATE SET versionId = excluded.versionId;
                """,
            arguments: ["channel": channel, "target": target]
        )
        let last = try String.fetchOne(
            database,
            sql: "SELECT createdAt FROM channelMove WHERE modelId = (SELECT modelId FROM version WHERE id = ?) "
                + "ORDER BY id DESC LIMIT 1",
            arguments: [target]
        )
        try database.execute(
            sql: """
                INSERT INTO channelMove (modelId, channel, fromVersionId, toVersionId, createdAt, who, why, numbers)
                SELECT modelId, :channel, :source, id, :now, :who, :why, :numbers FROM version WHERE id = :target
                """,
            arguments: [
                "channel": channel, "source": source, "target": target, "now": max(Timestamp.now, last ?? ""),
                "who": reason.who,
                "why": reason.why, "numbers": try CanonicalJSON.encode(Rows.numbers(ofVersion: target, database)),
            ]
        )
        let detail = try CanonicalJSON.encode([
            "from": before?.description ?? "", "to": version.description, "who": reason.who, "why": reason.why,
        ])
        try AuditLog.append("channel", subject: "\(model)@\(channel)", detail: detail, to: database)
    }
}
