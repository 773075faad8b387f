import GRDB

/// The shapes of a registry by what becomes of them, and their standings in the order of a walk.
struct StandingLeap {
    /// Where there are more shapes and texts than this, a walk goes on one by one.
    static let mostRuns = 4096

    private let standings: StandingTable
    private let fileBytes: Int?
    private let license: String?
    private var shapes: [Shortlist.Fate: [Int64]] = [:]

    /// Judges all shapes that have a file small enough.
    /// - Parameter license: in small letters; builds under others are refused, whatever their shape.
    init(
        _ standings: StandingTable,
        _ fates: inout ShapeFates,
        fileBytes: Int?,
        license: String?,
        _ judge: (String) throws -> Shortlist.Fate
    ) throws {
        (self.standings, self.fileBytes, self.license) = (standings, fileBytes, license)
        for shape in try standings.shapes("leastBytes <= ?", [fileBytes ?? .max]) {
            shapes[try fates.fate(of: shape, judge), default: []].append(shape)
        }
    }

    /// How many runs of an index a segment would be put together of.
    func runs(through segment: StandingWalk.Segment) -> Int {
        shapes.values.reduce(0) { $0 + $1.count } * segment.yardsticks.count
    }

    /// The standings of one fate in the order of a walk, after a place.
    func standings(
        _ fate: Shortlist.Fate,
        of segment: StandingWalk.Segment,
        after start: StandingPlace?
    ) throws -> StandingMerge {
        let isOwn: Bool? = license == nil ? nil : fate != .refused
        var wanted: [StandingMerge.Wanted] = []
        for (known, ids) in shapes {
            if known == fate {
                wanted += ids.map { .init(shape: $0, hasLicense: isOwn == true ? true : nil) }
            } else if isOwn == false {
                wanted += ids.map { .init(shape: $0, hasLicense: false) }
            }
        }
        return try StandingMerge(
            standings,
            wanted,
            license: license,
            bytes: 1...(fileBytes.map { max(1, $0) } ?? .max),
            yardsticks: segment.yardsticks,
            after: start
        )
    }
}

/// Where a walk through a segment ends: with the last one that is wanted, or with those that are as good.
struct StandingStop {
    let completesTies: Bool
    /// The last one that is wanted; nil while it was not found.
    var last: StandingPlace?

    init(completesTies: Bool) { self.completesTies = completesTies }

    func isBefore(_ place: StandingPlace) -> Bool {
        guard let last else { return false }
        return completesTies ? Self.step(of: place) > Self.step(of: last) : place > last
    }

    /// A thousandth of a bit per byte is what a ranking tells apart; out of range is no quality.
    private static func step(of place: StandingPlace) -> Int {
        Int(exactly: (place.value * 1000).rounded()) ?? .max
    }
}
