import BinaryIO
import GRDB

/// The conditions of a search for builds; nil accepts every value.
public struct BuildFilter: Codable, Hashable, Sendable {
    /// The model's name.
    public var model: String?
    /// The version.
    public var version: ModelVersion?
    /// A channel that points to the version.
    public var channel: String?
    /// The quantization type, such as `q4_k_m`.
    public var type: String?
    /// The licence.
    public var license: String?
    /// The largest file size, in bytes.
    public var maxFileBytes: Int?

    /// Creates a filter that accepts every build unless a condition is given.
    public init(
        model: String? = nil,
        version: ModelVersion? = nil,
        channel: String? = nil,
        type: String? = nil,
        license: String? = nil,
        maxFileBytes: Int? = nil
    ) {
        self.model = model
        self.version = version
        self.channel = channel
        self.type = type
        self.license = license
        self.maxFileBytes = maxFileBytes
    }
}

extension ModelRegistry {
    /// The builds that match a filter: models by name, versions newest first, types by name.
    public func builds(matching filter: BuildFilter = BuildFilter()) throws -> [BuildRecord] {
        let records = try look { database in
            let (conditions, arguments) = Self.conditions(filter)
            return try Row.fetchAll(
                database,
                sql: ([try Rows.offeredBuilds(database)] + conditions).joined(separator: " AND "),
                arguments: arguments
            ).map { try Rows.build($0) }
        }
        return records.sorted { left, right in
            if left.name.model != right.name.model { return left.name.model < right.name.model }
            if left.name.version != right.name.version { return left.name.version > right.name.version }
            return left.name.type < right.name.type
        }
    }

    /// The SQL of the given conditions only: a condition that may be nil keeps SQLite from using an index.
    private static func conditions(_ filter: BuildFilter) -> ([String], StatementArguments) {
        var conditions: [String] = []
        var arguments = StatementArguments()
        func demand(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }
        demand("model.name = ?", filter.model)
        demand("version.name = ?", filter.version?.description)
        demand("build.type = ?", filter.type)
        demand("lower(build.license) = lower(?)", filter.license)
        demand("object.rawBytes <= ?", filter.maxFileBytes)
        demand("version.id IN (SELECT versionId FROM channel WHERE channel.name = ?)", filter.channel)
        return (conditions, arguments)
    }

    /// - Throws: `RegistryError.notFound`, with the names that exist.
    public func build(named name: BuildName) throws -> BuildRecord {
        try look { database in
            guard let build = try Rows.build(name, database) else {
                throw RegistryError.notFound(name.description, available: try Rows.allNames(database))
            }
            return build
        }
    }

    /// Finds the one build that a reference means.
    /// - Throws: `RegistryError.notFound`, or `.ambiguousType` if the type is open and there are several.
    public func resolve(_ reference: BuildReference) throws -> BuildRecord {
        let candidates = try builds(matching: BuildFilter(model: reference.model, channel: reference.channel))
        let versions = Set(candidates.map(\.name.version))
        let version: ModelVersion? =
            switch reference.selector {
            case .version(let version): version
            case .channel: versions.first
            case .newest: versions.filter { !$0.isPreRelease }.max() ?? versions.max()
            }
        let ofVersion = candidates.filter { $0.name.version == version }
        let isMeant: (BuildRecord) -> Bool =
            reference.type.map { type in { $0.name.type == type } } ?? {
                !$0.name.isProjector
            }
        let matching = ofVersion.filter(isMeant)
        guard let first = matching.first else {
            let known = ofVersion.isEmpty ? candidates : ofVersion
            let names = known.isEmpty ? try look(Rows.allNames) : known.map(\.name.description)
            throw RegistryError.notFound(reference.description, available: names)
        }
        guard matching.count == 1 else {
            throw RegistryError.ambiguousType(reference.description, types: matching.map(\.name.type))
        }
        return first
    }

    /// All versions that have a build: models by name, newest version first.
    public func versions() throws -> [VersionRecord] {
        let records = try look { database in
            let types = try Self.lists(
                "SELECT versionId, group_concat(type, ' ') FROM build WHERE \(Rows.isOffered(database)) GROUP BY versionId",
                database
            )
            let channels = try Self.lists(
                "SELECT versionId, group_concat(name, ' ') FROM channel GROUP BY versionId",
                database
            )
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT version.id, model.name, version.name, version.createdAt
                    FROM version JOIN model ON model.id = version.modelId
                    """
            )
            var records: [VersionRecord] = []
            while let row = try rows.next() {
                let id: Int64 = try row.value(at: 0)
                guard let types = types[id] else { continue }
                records.append(
                    VersionRecord(
                        model: try row.value(at: 1),
                        version: try ModelVersion(parsing: row.value(at: 2)),
                        types: types,
                        channels: channels[id] ?? [],
                        createdAt: try Timestamp.date(row.value(at: 3))
                    )
                )
            }
            return records
        }
        return records.sorted { ($0.model, $1.version) < ($1.model, $0.version) }
    }

    /// Reads the names of each version. The database joins them with spaces, which no name has: there may be 100,000 names.
    private static func lists(_ sql: String, _ database: Database) throws -> [Int64: [String]] {
        var lists: [Int64: [String]] = [:]
        let rows = try Row.fetchCursor(database, sql: sql)
        while let row = try rows.next() {
            let names = try row.value(at: 1, as: String.self).split(separator: " ")
            lists[try row.value(at: 0)] = names.map(String.init).sorted()
        }
        return lists
    }

    /// The measurements of these bytes, under any name; oldest first.
    public func measurements(of digest: SHA256Digest) throws -> [MeasurementRecord] {
        try look { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM measurement WHERE buildDigest = ? ORDER BY id",
                arguments: [digest.description]
            ).map(Rows.measurement)
        }
    }

    /// The estimates for a build, by device.
    /// - Throws: `RegistryError`.
    public func fits(of digest: SHA256Digest) throws -> [FitRecord] {
        try look { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM fit WHERE buildDigest = ? ORDER BY device, context, kvType",
                arguments: [digest.description]
            ).map(Rows.fit)
        }
    }

    /// Every step that led to these bytes, back to the source. Each step appears once, even if the rows form a cycle.
    public func lineage(of digest: SHA256Digest) throws -> [LineageEdge] {
        try look { database in
            try Row.fetchAll(
                database,
                sql: """
                    WITH RECURSIVE ancestor(digest) AS (
                        VALUES (?)
                        UNION
                        SELECT lineage.fromDigest FROM lineage JOIN ancestor ON lineage.toDigest = ancestor.digest
                    )
                    SELECT lineage.* FROM lineage JOIN ancestor ON lineage.toDigest = ancestor.digest
                    ORDER BY createdAt, toDigest, fromDigest, stepKind
                    """,
                arguments: [digest.description]
            ).map(Rows.edge)
        }
    }

    /// The audit log, oldest line first.
    public func auditEntries() throws -> [AuditEntry] {
        try look { database in
            try Row.fetchAll(database, sql: "SELECT * FROM audit ORDER BY sequence").map { row in
                AuditEntry(
                    sequence: try row.value("sequence"),
                    at: try Timestamp.date(row.value("createdAt")),
                    action: try row.value("action"),
                    subject: try row.value("subject"),
                    detail: try row.value("detail"),
                    digest: try Rows.digest(row.value("digest"))
                )
            }
        }
    }
}

extension BuildReference {
    var channel: String? {
        if case .channel(let name) = selector { name } else { nil }
    }
}
