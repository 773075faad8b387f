import GRDB

/// Numbers of a shape that refuse it at once where they are too large.
public struct ShapeBounds: Sendable, Equatable {
    /// Bytes of the tensors that engines load.
    public let weightBytes: Int
    /// At most as many weights as one token is multiplied with.
    public let readWeights: Int
    /// At most as many bytes as the weights have that one token reads.
    public let readBytes: Int
}

/// What becomes of shapes, each judged once.
struct ShapeFates {
    let database: Database
    private var known: [Int64: Shortlist.Fate] = [:]
    /// Shapes that nobody judged yet, and that are tight at best.
    private var doubtful: Set<Int64> = []

    /// - Parameter best: the best that may become of a shape with these bounds; `fate` never says better.
    init(database: Database, best: (ShapeBounds) -> Shortlist.Fate) throws {
        self.database = database
        guard try Schema.hasShapeBounds(database) else { return }
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT id, weightBytes, readWeights, readBytes FROM shape
                WHERE weightBytes IS NOT NULL AND readWeights IS NOT NULL AND readBytes IS NOT NULL
                """
        )
        while let row = try rows.next() {
            let bounds = ShapeBounds(
                weightBytes: Int(try row.value(at: 1, as: Int64.self)),
                readWeights: Int(try row.value(at: 2, as: Int64.self)),
                readBytes: Int(try row.value(at: 3, as: Int64.self))
            )
            switch best(bounds) {
            case .fits: break
            case .tight: doubtful.insert(try row.value(at: 0))
            case .refused: known[try row.value(at: 0)] = .refused
            }
        }
    }

    /// Whether it was found to be refused.
    func isRefused(_ shape: Int64) -> Bool { known[shape] == .refused }

    /// Whether it does not surely fit, as far as is known without judging it.
    func isTightAtBest(_ shape: Int64) -> Bool {
        known[shape].map { $0 != .fits } ?? doubtful.contains(shape)
    }

    mutating func fate(of shape: Int64, _ judge: (String) throws -> Shortlist.Fate) throws -> Shortlist.Fate {
        if let fate = known[shape] { return fate }
        let statement = try database.cachedStatement(sql: "SELECT profile FROM shape WHERE id = ?")
        let fate = try judge(try String.fetchOne(statement, arguments: [shape]) ?? "")
        known[shape] = fate
        return fate
    }
}
