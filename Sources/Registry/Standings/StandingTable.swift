import BinaryIO
import GRDB

/// The place of a build within a segment of a walk.
struct StandingPlace: Comparable {
    var value: Double
    var buildId: Int64

    static func < (left: Self, right: Self) -> Bool { (left.value, left.buildId) < (right.value, right.buildId) }
}

/// The standings that a walk reads: of all builds, or of a channel's.
struct StandingTable {
    let database: Database
    /// Whether standings can be queried by shape and channel, as since migration 10.
    let isNarrow: Bool
    /// The number of builds by the text on which they were measured; 0 is the id for no text. Empty if they are not
    /// counted.
    let yardsticks: [(id: Int64, builds: Int)]
    private let channel: String?

    init(channel: String?, _ database: Database) throws {
        (self.database, self.channel) = (database, channel)
        isNarrow = try database.tableExists("channelStanding")
        guard isNarrow else {
            yardsticks = []
            return
        }
        let rows = try Row.fetchAll(
            database,
            sql: channel == nil
                ? "SELECT id, builds FROM yardstick WHERE builds > 0 ORDER BY id"
                : "SELECT yardstickId, builds FROM channelYardstick WHERE channel = ? AND builds > 0 ORDER BY yardstickId",
            arguments: channel.map { [$0] } ?? []
        )
        yardsticks = try rows.map { (try $0.value(at: 0), try $0.value(at: 1)) }
    }

    /// Returns the total number of offered builds.
    func count() throws -> Int {
        if isNarrow { return yardsticks.reduce(0) { $0 + $1.builds } }
        let sql =
            channel == nil
            ? "SELECT sum(builds) FROM yardstick"
            : """
            SELECT count(*) FROM channel JOIN build ON build.versionId = channel.versionId
            JOIN standing ON standing.buildId = build.id WHERE channel.name = ?
            """
        return try Int.fetchOne(database, sql: sql, arguments: ownArguments) ?? 0
    }

    /// Reads `value, buildId, shapeId, license` of standings, the best first.
    func cursor(_ condition: String, _ arguments: StatementArguments) throws -> RowCursor {
        try Row.fetchCursor(
            database,
            sql: """
                SELECT value, buildId, shapeId, license FROM \(name)
                WHERE \(ownCondition) AND \(condition) ORDER BY value, buildId
                """,
            arguments: ownArguments + arguments
        )
    }

    /// Prepares the query for `value, buildId, license` of the next standings of one shape under one yardstick, with
    /// these further conditions.
    func runStatement(_ conditions: [String]) throws -> Statement {
        try database.cachedStatement(
            sql: """
                SELECT value, buildId, license FROM \(name) INDEXED BY \(name)ByShape
                WHERE \(([ownCondition, "shapeId = ?", "yardstickId = ?"] + conditions).joined(separator: " AND "))
                    AND (value, buildId) > (?, ?)
                ORDER BY value, buildId LIMIT ?
                """
        )
    }

    /// Returns the arguments of that query; `further` belongs to the conditions.
    func runArguments(
        shape: Int64,
        yardstick: Int64,
        _ further: [(any DatabaseValueConvertible)?],
        after place: StandingPlace,
        count: Int
    ) -> StatementArguments {
        var values: [(any DatabaseValueConvertible)?] = channel.map { [$0] } ?? []
        values += [shape, yardstick]
        values += further
        values += [place.value, place.buildId, count]
        return StatementArguments(values)
    }

    /// Returns the least value of each shape's standings after a place, without the shapes that have none.
    func leastValues(
        of shapes: [Int64],
        yardstick: Int64,
        after place: StandingPlace
    ) throws -> [(shape: Int64, value: Double)] {
        let list = "[\(shapes.map(String.init).joined(separator: ","))]"
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT wanted.value, (
                    SELECT \(name).value FROM \(name) INDEXED BY \(name)ByShape
                    WHERE \(ownCondition) AND shapeId = wanted.value AND yardstickId = ? AND (\(name).value, buildId) > (?, ?)
                    ORDER BY \(name).value, buildId LIMIT 1
                ) FROM json_each(?) AS wanted
                """,
            arguments: ownArguments + [yardstick, place.value, place.buildId, list]
        )
        var found: [(shape: Int64, value: Double)] = []
        while let row = try rows.next() {
            guard let value = try row.value(at: 1, as: Double?.self) else { continue }
            found.append((try row.value(at: 0), value))
        }
        return found
    }

    /// Returns the shapes that have standings here and files of these sizes.
    func shapes(_ condition: String, _ arguments: StatementArguments) throws -> [Int64] {
        let isHere =
            channel == nil
            ? "TRUE" : "EXISTS (SELECT 1 FROM channelStanding WHERE channel = ? AND shapeId = shape.id)"
        return try Int64.fetchAll(
            database,
            sql: "SELECT id FROM shape WHERE \(condition) AND \(isHere) ORDER BY id",
            arguments: arguments + ownArguments
        )
    }

    private var name: String { isNarrow && channel != nil ? "channelStanding" : "standing" }

    private var ownArguments: StatementArguments { channel.map { [$0] } ?? [] }

    private var ownCondition: String {
        guard channel != nil else { return "TRUE" }
        if isNarrow { return "channel = ?" }
        return """
            EXISTS (SELECT 1 FROM build JOIN channel ON channel.versionId = build.versionId
                WHERE build.id = standing.buildId AND channel.name = ?)
            """
    }
}
