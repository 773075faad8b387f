import BinaryIO
import GRDB

/// The effect of withdrawing builds, real or as a dry run.
public struct WithdrawalReport: Codable, Hashable, Sendable {
    /// The builds that were, or would be, withdrawn.
    public var builds: [BuildName]
    /// Whether the builds were withdrawn; false for a dry run.
    public var isDone: Bool
    /// Disk space that a collection can free afterwards, in bytes; 0 if other builds use all of it.
    public var collectableBytes: Int
}

extension ModelRegistry {
    /// Withdraws builds: the registry no longer offers them. Their names stay reserved, and publishing the same bytes
    /// again restores them. Their bytes stay on the disk until they are collected.
    /// - Parameters:
    ///   - type: one type; nil for all types of the version.
    ///   - dryRun: whether to check everything and report the effect without changing anything.
    /// - Throws: `RegistryError.notFound`; `.pointedTo` while a channel points to the version.
    @discardableResult
    public func withdraw(
        _ version: ModelVersion,
        of model: String,
        type: String? = nil,
        because reason: MoveReason,
        dryRun: Bool
    ) throws -> WithdrawalReport {
        try BuildDraft.check(!reason.why.isEmpty, "why", "a reason, in words")
        let work: (Database) throws -> WithdrawalReport = { database in
            let builds = try Self.offered(version, of: model, type: type, database)
            try Self.requireWholePairs(builds, database)
            let channels = try String.fetchAll(
                database,
                sql: """
                    SELECT channel.name FROM channel JOIN version ON version.id = channel.versionId
                    JOIN model ON model.id = version.modelId
                    WHERE model.name = ? AND version.name = ? ORDER BY channel.name
                    """,
                arguments: [model, version.description]
            )
            guard channels.isEmpty else { throw RegistryError.pointedTo("\(model)@\(version)", channels: channels) }
            try Seals.keeping(builds.map { .build($0.digest) }, database) {
                for build in builds { try Self.withdraw(build, because: reason, database) }
            }
            return WithdrawalReport(
                builds: builds.map(\.name),
                isDone: !dryRun,
                collectableBytes: try Rows.unneededBytes(of: Set(builds.map(\.digest)), database)
            )
        }
        // A dry run makes the change and rolls it back, so that its report matches that of the real run.
        return try dryRun ? rehearse(work) : change(work)
    }

    private static func offered(
        _ version: ModelVersion,
        of model: String,
        type: String?,
        _ database: Database
    ) throws -> [BuildRecord] {
        let builds = try Row.fetchAll(
            database,
            sql: try Rows.offeredBuilds(database) + """
                 AND model.name = :model AND version.name = :version AND (:type IS NULL OR build.type = :type)
                ORDER BY build.type
                """,
            arguments: ["model": model, "version": version.description, "type": type]
        ).map(Rows.build)
        guard builds.isEmpty else { return builds }
        let text = "\(model)@\(version)" + (type.map { ":\($0)" } ?? "")
        throw RegistryError.notFound(text, available: try Rows.allNames(database))
    }

    /// Rejects withdrawing a projector while offered builds need it.
    private static func requireWholePairs(_ builds: [BuildRecord], _ database: Database) throws {
        guard let projector = builds.map(\.name).first(where: \.isProjector) else { return }
        let leaving = Set(builds.map(\.name))
        let all = try offered(projector.version, of: projector.model, type: nil, database).map(\.name)
        let staying = all.filter { !$0.isProjector && !leaving.contains($0) }
        guard staying.isEmpty else { throw RegistryError.needed(projector, by: staying) }
    }

    private static func withdraw(_ build: BuildRecord, because reason: MoveReason, _ database: Database) throws {
        guard let published = try Rows.published(build.name, database) else { return }
        try database.execute(
            sql: "INSERT INTO withdrawal (buildId, who, why, createdAt) VALUES (?, ?, ?, ?)",
            arguments: [published.id, reason.who, reason.why, Timestamp.now]
        )
        try Rows.place(build.digest, database)
        let detail = try CanonicalJSON.encode(
            Seals.facts(of: build.digest, database).merging(["who": reason.who, "why": reason.why]) { _, own in own }
        )
        try AuditLog.append("delete", subject: build.name.description, detail: detail, to: database)
    }
}
