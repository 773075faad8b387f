import GRDB

/// The numbers of a shape that refuse it at once if they are too large.
public struct ShapeBounds: Sendable, Equatable {
    /// The bytes of the tensors that engines load.
    public let weightBytes: Int
    /// At most the number of weights that one token is multiplied with.
    public let readWeights: Int
    /// At most the number of bytes of the weights that one token reads.
    public let readBytes: Int
}

/// The fates of shapes, each judged once.
struct ShapeFates {
    let database: Database
    private var known: [Int64: Shortlist.Fate] = [:]
    /// The shapes that were not judged yet, and that are tight at best.
    private var doubtful: Set<Int64> = []

    /// - Parameter best: returns the best possible fate of a shape with these bounds; `fate` never returns a better
    ///   one.
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

    /// Whether the shape was judged and refused.
    func isRefused(_ shape: Int64) -> Bool { known[shape] == .refused }

    /// Whether the shape does not certainly fit, as far as is known without judging it.
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
