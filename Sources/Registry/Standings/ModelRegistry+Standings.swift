import BinaryIO
import GRDB

/// A number measured for a build, with the text of the measurement; enough to rank by.
public struct MeasuredFigure: Hashable, Sendable {
    /// The name of a `Metric`.
    public var metric: String
    /// The value in the metric's unit.
    public var value: Double
    /// The SHA-256 of the text; nil for measurements without one.
    public var textDigest: SHA256Digest?
}

/// The request for a ranking of many builds.
public struct ShortlistRequest: Sendable {
    /// The number of builds of each fate to find.
    public var count: Int
    /// The channel that points to the builds; nil for all builds.
    public var channel: String?
    /// The file size in bytes above which builds are refused without judging their shape.
    public var fileBytes: Int?
    /// The licence in any case of letters; builds under other licences are refused. Nil for all licences.
    public var license: String?
    /// The number of standings after which a walk stops judging them one by one, and goes by shapes instead; if there
    /// are no more shapes than that, it goes by shapes from the start. The answer is the same.
    package var patience = usualPatience
    package static let usualPatience = 1000

    /// Requests the best of all builds by default.
    public init(count: Int, channel: String? = nil, fileBytes: Int? = nil, license: String? = nil) {
        (self.count, self.channel, self.fileBytes) = (count, channel, fileBytes)
        self.license = license
    }
}

/// The builds of a registry that a ranking has to examine.
public struct Shortlist: Sendable {
    /// What becomes of a build in a ranking.
    public enum Fate: Sendable {
        case fits, tight, refused
    }

    /// Every build that can be among the first `count` that fit; if fewer fit, all of them, and the first that are
    /// tight.
    public var chosen: [BuildRecord] = []
    /// The first builds that are refused.
    public var refused: [BuildRecord] = []
    /// The text on which most builds were measured.
    public var commonText: SHA256Digest?
    /// The total number of builds that are offered.
    public var total = 0
}

extension ModelRegistry {
    /// Returns the number of offered builds, from an index; nil in a registry from before there were standings.
    public func standingCount() throws -> Int? {
        try look { database in
            guard try database.tableExists("standing") else { return nil }
            return try Int.fetchOne(database, sql: "SELECT sum(builds) FROM yardstick") ?? 0
        }
    }

    /// Returns the digests of objects that a repair found missing or damaged.
    public func damagedObjects() throws -> Set<SHA256Digest> {
        try look { database in
            guard try database.tableExists("damage") else { return [] }
            return Set(try String.fetchAll(database, sql: "SELECT objectDigest FROM damage").map(Rows.digest))
        }
    }

    /// Reads these metrics of many builds with few queries, oldest first.
    public func figures(
        of digests: some Sequence<SHA256Digest>,
        metrics: [String]
    ) throws -> [SHA256Digest: [MeasuredFigure]] {
        var figures: [SHA256Digest: [MeasuredFigure]] = [:]
        let all = Array(Set(digests))
        try look { database in
            // SQLite accepts some thousands of arguments per query.
            for start in stride(from: 0, to: all.count, by: 500) {
                let some = all[start..<min(start + 500, all.count)].map(\.description)
                let rows = try Row.fetchCursor(
                    database,
                    sql: """
                        SELECT buildDigest, metric, value, textDigest FROM measurement
                        WHERE buildDigest IN (\(some.map { _ in "?" }.joined(separator: ",")))
                            AND metric IN (\(metrics.map { _ in "?" }.joined(separator: ",")))
                        ORDER BY id
                        """,
                    arguments: StatementArguments(some + metrics)
                )
                while let row = try rows.next() {
                    let text: String? = try row.value("textDigest")
                    let figure = MeasuredFigure(
                        metric: try row.value("metric"),
                        value: try row.value("value"),
                        textDigest: try text.map(Rows.digest)
                    )
                    figures[try Rows.digest(row.value("buildDigest")), default: []].append(figure)
                }
            }
        }
        return figures
    }

    /// Walks the builds from the best measured quality downwards until enough of them fit.
    ///
    /// Builds measured on the most frequent text come first; then those of other texts, then the unmeasured in the
    /// order of their publication. Where qualities agree to a thousandth, all of the builds are included, because other
    /// criteria decide between them.
    /// - Parameters:
    ///   - best: returns the best possible fate of a shape by a few numbers alone; `judge` never returns a better one.
    ///   - judge: returns the fate of a build of this shape (its profile, as published); called once per shape.
    /// - Returns: nil in a registry from before there were standings.
    public func shortlist(
        _ request: ShortlistRequest,
        best: (ShapeBounds) -> Shortlist.Fate = { _ in .fits },
        judge: (_ profile: String) throws -> Shortlist.Fate
    ) throws -> Shortlist? {
        try look { database in
            guard try database.tableExists("standing") else { return nil }
            var walk = StandingWalk(
                request: request,
                standings: try StandingTable(channel: request.channel, database),
                shapes: try ShapeFates(database: database, best: best)
            )
            return try walk.run(judge)
        }
    }
}
