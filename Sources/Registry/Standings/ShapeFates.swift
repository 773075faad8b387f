import GRDB

/// Two numbers of a shape that refuse it at once where they are too large.
public struct ShapeBounds: Sendable, Equatable {
    /// Bytes of the tensors that engines load.
    public let weightBytes: Int
    /// At most as many weights as one token is multiplied with.
    public let readWeights: Int
}

/// What becomes of shapes, each judged once.
struct ShapeFates {
    let database: Database
    /// Whether two numbers alone refuse a shape.
    private let isHopeless: (ShapeBounds) -> Bool
    private var known: [Int64: Shortlist.Fate] = [:]

    /// - Parameter isHopeless: true only for bounds of shapes that `fate` would refuse too.
    init(database: Database, isHopeless: @escaping (ShapeBounds) -> Bool) throws {
        (self.database, self.isHopeless) = (database, isHopeless)
        guard try Schema.hasShapeBounds(database) else { return }
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT id, weightBytes, readWeights FROM shape
                WHERE weightBytes IS NOT NULL AND readWeights IS NOT NULL
                """
        )
        while let row = try rows.next() {
            let bounds = ShapeBounds(weightBytes: try row.value(at: 1), readWeights: try row.value(at: 2))
            if isHopeless(bounds) { known[try row.value(at: 0)] = .refused }
        }
    }

    /// Whether it was found to be refused.
    func isRefused(_ shape: Int64) -> Bool { known[shape] == .refused }

    mutating func fate(of shape: Int64, _ judge: (String) throws -> Shortlist.Fate) throws -> Shortlist.Fate {
        if let fate = known[shape] { return fate }
        let statement = try database.cachedStatement(sql: "SELECT profile FROM shape WHERE id = ?")
        let fate = try judge(try String.fetchOne(statement, arguments: [shape]) ?? "")
        known[shape] = fate
        return fate
    }
}
