import BinaryIO
import GRDB

/// A number that was measured of a build, with the text it was measured on; enough to rank by.
public struct MeasuredFigure: Hashable, Sendable {
    /// A name of `Metric`.
    public var metric: String
    /// In the metric's unit.
    public var value: Double
    /// SHA-256 of the text; nil for what was measured on none.
    public var textDigest: SHA256Digest?
}

/// What a ranking of many builds looks for.
public struct ShortlistRequest: Sendable {
    /// How many builds of each fate are wanted.
    public var count: Int
    /// Builds that this channel points to only; nil for all.
    public var channel: String?
    /// Builds above this file size are refused before anybody judges their shape, in bytes.
    public var fileBytes: Int?
    /// Builds under other licences are refused; in any case of letters, nil for all licences.
    public var license: String?
    /// After how many standings a walk stops to judge one after the other, and goes by shapes instead; where there are no more shapes than
    /// that, it does so from the start. The answer is the same.
    package var patience = usualPatience
    package static let usualPatience = 1000

    /// Asks for the best of all builds where nothing is said.
    public init(count: Int, channel: String? = nil, fileBytes: Int? = nil, license: String? = nil) {
        (self.count, self.channel, self.fileBytes) = (count, channel, fileBytes)
        self.license = license
    }
}

/// The builds of a registry that a ranking has to look at.
public struct Shortlist: Sendable {
    /// What becomes of a build in a ranking.
    public enum Fate: Sendable {
        case fits, tight, refused
    }

    /// Every build that can be among the first `count` that fit; where fewer fit, all of them, and the first that are tight.
    public var chosen: [BuildRecord] = []
    /// The first that are refused.
    public var refused: [BuildRecord] = []
    /// The text that most builds were measured on.
    public var commonText: SHA256Digest?
    /// Builds that could be had in all.
    public var total = 0
}

extension ModelRegistry {
    /// How many builds can be had, from an index; nil in a registry from before there were standings.
    public func standingCount() throws -> Int? {
        try look { database in
            guard try database.tableExists("standing") else { return nil }
            return try Int.fetchOne(database, sql: "SELECT sum(builds) FROM yardstick") ?? 0
        }
    }

    /// The bytes that a repair found lost or damaged.
    public func damagedObjects() throws -> Set<SHA256Digest> {
        try look { database in
            guard try database.tableExists("damage") else { return [] }
            return Set(try String.fetchAll(database, sql: "SELECT objectDigest FROM damage").map(Rows.digest))
        }
    }

    /// These metrics of many builds in few questions, oldest first.
    public func figures(
        of digests: some Sequence<SHA256Digest>,
        metrics: [String]
    ) throws -> [SHA256Digest: [MeasuredFigure]] {
        var figures: [SHA256Digest: [MeasuredFigure]] = [:]
        let all = Array(Set(digests))
        try look { database in
            // SQLite takes some thousands of arguments at once.
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
    /// Builds measured on the text that most were measured on come first; then those of other texts, then the unmeasured,
    /// in the order of their publication. Where qualities agree to a thousandth, all of them are taken, because something
    /// else decides between those.
    /// - Parameters:
    ///   - best: the best that may become of a shape by a few numbers alone; `judge` never says better.
    ///   - judge: what becomes of a build of this shape (its profile, as published); asked once a shape.
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
