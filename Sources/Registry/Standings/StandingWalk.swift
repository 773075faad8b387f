import BinaryIO
import GRDB

/// One walk over the standings; see `ModelRegistry.shortlist`.
///
/// With few shapes it looks up the next standing of each, and skips the shapes that no longer count. With many shapes
/// it begins with standings one by one, which is fast if many builds fit; if few do, it would read nearly all of them,
/// so it changes to going by shapes.
struct StandingWalk {
    let request: ShortlistRequest
    let standings: StandingTable
    var shapes: ShapeFates

    private var fitting: [Int64] = []
    private var tight: [Int64] = []
    private var refused: [Int64] = []
    private var rowsLeft: Int
    private let leaps: Bool
    private let license: String?

    /// The number of shapes and texts above which a walk continues one by one.
    private static let mostRuns = 4096

    /// Standings that are walked in one order, before those of the next segment.
    struct Segment {
        let condition: String
        let arguments: StatementArguments
        var yardsticks: [Int64] = []
        /// The number of standings, if they are counted.
        var count = 0
        /// Whether builds that agree with the last one to a thousandth are included, too.
        var completesTies = true
    }

    init(request: ShortlistRequest, standings: StandingTable, shapes: ShapeFates) {
        (self.request, self.standings, self.shapes) = (request, standings, shapes)
        license = request.license?.lowercased()
        leaps = standings.isNarrow && request.patience < .max
        rowsLeft = leaps ? request.patience : .max
    }

    mutating func run(_ judge: (String) throws -> Shortlist.Fate) throws -> Shortlist {
        let common = try Row.fetchOne(
            standings.database,
            sql: """
                SELECT id, textDigest FROM yardstick WHERE builds > 0 AND length(textDigest) = 64
                ORDER BY builds DESC, textDigest DESC LIMIT 1
                """
        )
        var shortlist = Shortlist()
        shortlist.commonText = try common.map { try Rows.digest($0.value("textDigest")) }
        shortlist.total = try standings.count()
        let commonID: Int64 = try common?.value("id") ?? -1
        for segment in segments(commonID) where fitting.count < request.count { try walk(segment, judge) }
        try refuseLargeOnes(commonID)
        shortlist.chosen = try builds(fitting + (fitting.count < request.count ? tight : []))
        shortlist.refused = try builds(refused)
        return shortlist
    }

    /// Returns the segments: the most frequent text, the other texts, and the unmeasured. Nothing ranks the unmeasured,
    /// so only as many as are missing are included.
    private func segments(_ commonID: Int64) -> [Segment] {
        var segments = [
            Segment(condition: "yardstickId = ?", arguments: [commonID]),
            Segment(condition: "yardstickId > 0 AND yardstickId <> ?", arguments: [commonID]),
            Segment(condition: "yardstickId = 0", arguments: [], completesTies: false),
        ]
        guard standings.isNarrow else { return segments }
        for (id, builds) in standings.yardsticks {
            let index = id == commonID ? 0 : id == 0 ? 2 : 1
            segments[index].yardsticks.append(id)
            segments[index].count += builds
        }
        return segments.filter { $0.count > 0 }
    }

    private mutating func walk(_ segment: Segment, _ judge: (String) throws -> Shortlist.Fate) throws {
        var stop = StandingStop(completesTies: segment.completesTies)
        guard leaps else {
            _ = try step(through: segment, after: nil, &stop, judge)
            return
        }
        let small = try standings.shapes("leastBytes <= ?", [request.fileBytes ?? .max])
        let runs = small.count * segment.yardsticks.count
        var last: StandingPlace?
        // SQLite sorts the standings of several texts before it returns the first one.
        if rowsLeft > 0, runs > rowsLeft, segment.yardsticks.count <= 1 || segment.count <= rowsLeft {
            last = try step(through: segment, after: nil, &stop, judge)
            guard rowsLeft == 0 else { return }
        }
        guard runs <= Self.mostRuns else {
            rowsLeft = .max
            _ = try step(through: segment, after: last, &stop, judge)
            return
        }
        while let place = try leap(over: small, of: segment, after: last, &stop, judge) { last = place }
    }

    /// Continues in the same order, and skips all standings of shapes that no longer count.
    /// - Returns: the place to restart from, because standings under other licences no longer count after it; nil at
    ///   the end.
    private mutating func leap(
        over small: [Int64],
        of segment: Segment,
        after start: StandingPlace?,
        _ stop: inout StandingStop,
        _ judge: (String) throws -> Shortlist.Fate
    ) throws -> StandingPlace? {
        let wasFull = isFull
        var merge = try StandingMerge(
            standings,
            shapes: wasFull ? small.filter { !shapes.isRefused($0) } : small,
            .init(bytes: 1...max(1, request.fileBytes ?? .max), license: wasFull ? license : nil),
            yardsticks: segment.yardsticks,
            after: start
        )
        while let (standing, shape) = try merge.next(passingOver: isSpent) {
            let place = standing.place
            if stop.isBefore(place) { return nil }
            let isOther = license.map { standing.license.lowercased() != $0 } ?? false
            switch try isOther ? .refused : shapes.fate(of: shape, judge) {
            case .fits:
                found(place, &stop)
                merge.advance()
            case .tight:
                if tight.count < request.count { tight.append(place.buildId) }
                // Once enough are found, the shape may still have builds under a licence that is refused.
                if tight.count >= request.count, license == nil || wasFull { merge.drop() } else { merge.advance() }
            case .refused:
                if !isFull { refused.append(place.buildId) }
                if isFull, !wasFull, license != nil { return place }
                merge.advance()
            }
        }
        return nil
    }

    /// Whether a shape's standings no longer change the shortlist.
    private func isSpent(_ shape: Int64) -> Bool {
        isFull && (tight.count >= request.count ? shapes.isTightAtBest(shape) : shapes.isRefused(shape))
    }

    /// Whether enough builds are refused, so that no others of their shapes count.
    private var isFull: Bool { refused.count >= request.count }

    private mutating func found(_ place: StandingPlace, _ stop: inout StandingStop) {
        fitting.append(place.buildId)
        if fitting.count == request.count { stop.last = place }
    }

    /// Judges standings in their order, up to `rowsLeft` of them.
    /// - Returns: the last place that was judged.
    private mutating func step(
        through segment: Segment,
        after start: StandingPlace?,
        _ stop: inout StandingStop,
        _ judge: (String) throws -> Shortlist.Fate
    ) throws -> StandingPlace? {
        var (condition, arguments) = (segment.condition, segment.arguments)
        if let start {
            condition += " AND (value, buildId) > (?, ?)"
            arguments += [start.value, start.buildId]
        }
        if let limit = request.fileBytes {
            condition += " AND rawBytes <= ?"
            arguments += [limit]
        }
        let rows = try standings.cursor(condition, arguments)
        var last = start
        while rowsLeft > 0, let row = try rows.next() {
            // Tens of thousands of rows may be read here, so only the needed columns of each are decoded.
            let place = StandingPlace(value: try row.value(at: 0), buildId: try row.value(at: 1))
            if stop.isBefore(place) { return last }
            rowsLeft -= 1
            last = place
            let shape: Int64 = try row.value(at: 2)
            if isSpent(shape) { continue }
            let isOther = try license.map { try row.value(at: 3, as: String.self).lowercased() != $0 } ?? false
            switch try isOther ? .refused : shapes.fate(of: shape, judge) {
            case .fits: found(place, &stop)
            case .tight: if tight.count < request.count { tight.append(place.buildId) }
            case .refused: if refused.count < request.count { refused.append(place.buildId) }
            }
        }
        return last
    }

    /// Fills up the refused builds with the best of those that are refused by their size alone.
    private mutating func refuseLargeOnes(_ commonID: Int64) throws {
        guard let limit = request.fileBytes, !isFull else { return }
        if standings.isNarrow {
            guard limit < .max else { return }
            let large = try standings.shapes("mostBytes > ?", [limit])
            if large.isEmpty { return }
            // Few of them may come after very many others.
            if large.count <= 64 {
                var merge = try StandingMerge(
                    standings,
                    shapes: large,
                    .init(bytes: (limit + 1)...(.max)),
                    yardsticks: [commonID],
                    after: nil
                )
                while !isFull, let (standing, _) = try merge.next(passingOver: { _ in false }) {
                    refused.append(standing.place.buildId)
                    merge.advance()
                }
                return
            }
        }
        let rows = try standings.cursor("yardstickId = ? AND rawBytes > ?", [commonID, limit])
        while !isFull, let row = try rows.next() { refused.append(try row.value(at: 1)) }
    }

    private func builds(_ ids: [Int64]) throws -> [BuildRecord] {
        let sql = try Rows.offeredBuilds(standings.database) + " AND build.id = ?"
        let statement = try standings.database.cachedStatement(sql: sql)
        return try ids.compactMap { try Row.fetchOne(statement, arguments: [$0]).map(Rows.build) }
    }
}
