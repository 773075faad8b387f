import BinaryIO
import GRDB

/// One walk over the standings; see `ModelRegistry.shortlist`.
struct StandingWalk {
    let database: Database
    let request: ShortlistRequest

    private var fates: [Shape: Shortlist.Fate] = [:]
    private var fitting: [Int64] = []
    private var tight: [Int64] = []
    private var refused: [Int64] = []

    /// What of a build decides its fate; few of these belong to many builds.
    private struct Shape: Hashable {
        let id: Int64
        let license: String
    }

    init(database: Database, request: ShortlistRequest) {
        (self.database, self.request) = (database, request)
    }

    mutating func run(_ judge: (String, String) throws -> Shortlist.Fate) throws -> Shortlist {
        let common = try Row.fetchOne(
            database,
            sql: """
                SELECT id, textDigest FROM yardstick WHERE builds > 0 AND length(textDigest) = 64
                ORDER BY builds DESC, textDigest DESC LIMIT 1
                """
        )
        var shortlist = Shortlist()
        shortlist.commonText = try common.map { try Rows.digest($0.value("textDigest")) }
        shortlist.total = try Int.fetchOne(database, sql: countQuery, arguments: channelArguments) ?? 0
        let commonID: Int64 = try common?.value("id") ?? -1
        try walk("yardstickId = ?", [commonID], judge)
        if fitting.count < request.count {
            try walk("yardstickId > 0 AND yardstickId <> ?", [commonID], judge)
        }
        // Nothing tells the unmeasured apart, so as many are taken as are missing.
        if fitting.count < request.count { try walk("yardstickId = 0", [], completesTies: false, judge) }
        try refuseLargeOnes(commonID)
        shortlist.chosen = try builds(fitting + (fitting.count < request.count ? tight : []))
        shortlist.refused = try builds(refused)
        return shortlist
    }

    private var countQuery: String {
        guard request.channel != nil else { return "SELECT sum(builds) FROM yardstick" }
        return """
            SELECT count(*) FROM channel JOIN build ON build.versionId = channel.versionId
            JOIN standing ON standing.buildId = build.id WHERE channel.name = ?
            """
    }

    private var channelArguments: StatementArguments { request.channel.map { [$0] } ?? [] }

    private var channelCondition: String {
        """
        EXISTS (SELECT 1 FROM build JOIN channel ON channel.versionId = build.versionId
            WHERE build.id = standing.buildId AND channel.name = ?)
        """
    }

    /// A question about standings under these conditions and those of the request.
    private func cursor(
        _ condition: String,
        _ arguments: StatementArguments
    ) throws -> RowCursor {
        var (conditions, arguments) = ([condition], arguments)
        if request.channel != nil {
            conditions.append(channelCondition)
            arguments += channelArguments
        }
        return try Row.fetchCursor(
            database,
            sql: """
                SELECT value, buildId, shapeId, license FROM standing
                WHERE \(conditions.joined(separator: " AND ")) ORDER BY value, buildId
                """,
            arguments: arguments
        )
    }

    private mutating func walk(
        _ condition: String,
        _ arguments: StatementArguments,
        completesTies: Bool = true,
        _ judge: (String, String) throws -> Shortlist.Fate
    ) throws {
        let (limit, arguments) = (request.fileBytes, request.fileBytes.map { arguments + [$0] } ?? arguments)
        let rows = try cursor(condition + (limit == nil ? "" : " AND rawBytes <= ?"), arguments)
        var last: Int?
        while let row = try rows.next() {
            if !completesTies, fitting.count >= request.count { return }
            // Tens of thousands of rows may pass here, so that of each no more is read than is needed.
            if let last, try step(of: row) > last { return }
            let license = request.judgesLicense ? try row.value(at: 3, as: String.self) : ""
            switch try fate(of: Shape(id: try row.value(at: 2), license: license), judge) {
            case .fits:
                fitting.append(try row.value(at: 1))
                if fitting.count == request.count { last = try step(of: row) }
            case .tight:
                if tight.count < request.count { tight.append(try row.value(at: 1)) }
            case .refused:
                if refused.count < request.count { refused.append(try row.value(at: 1)) }
            }
        }
    }

    /// A thousandth of a bit per byte is what a ranking tells apart; out of range is no quality.
    private func step(of row: Row) throws -> Int {
        let value: Double = try row.value(at: 0)
        return Int(exactly: (value * 1000).rounded()) ?? .max
    }

    private mutating func fate(
        of shape: Shape,
        _ judge: (String, String) throws -> Shortlist.Fate
    ) throws -> Shortlist.Fate {
        if let known = fates[shape] { return known }
        let statement = try database.cachedStatement(sql: "SELECT profile FROM shape WHERE id = ?")
        let profile = try String.fetchOne(statement, arguments: [shape.id])
        let fate = try judge(profile ?? "", shape.license)
        fates[shape] = fate
        return fate
    }

    /// Fills the refused ones up with the best of those whose size alone says so.
    private mutating func refuseLargeOnes(_ commonID: Int64) throws {
        guard let limit = request.fileBytes, refused.count < request.count else { return }
        let rows = try cursor("yardstickId = ? AND rawBytes > ?", [commonID, limit])
        while refused.count < request.count, let row = try rows.next() { refused.append(try row.value(at: 1)) }
    }

    private func builds(_ ids: [Int64]) throws -> [BuildRecord] {
        let sql = try Rows.offeredBuilds(database) + " AND build.id = ?"
        let statement = try database.cachedStatement(sql: sql)
        return try ids.compactMap { try Row.fetchOne(statement, arguments: [$0]).map(Rows.build) }
    }
}
