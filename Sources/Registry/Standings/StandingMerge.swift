import GRDB

/// Standings of several shapes and texts, put into one order, from which runs can be dropped once their shape is known.
///
/// Each shape under each yardstick is a run in an index; of each run the next few are at hand, and the best of those is the first.
struct StandingMerge {
    /// Which standings of a shape count.
    struct Wanted {
        /// Of the file, in bytes.
        var bytes: ClosedRange<Int> = 1...(.max)
        /// In small letters; nil for any.
        var license: String?
    }

    /// A standing, as a walk wants it.
    struct Standing {
        var place: StandingPlace
        var license: String
    }

    private struct Run {
        let shape: Int64
        let yardstick: Int64
        /// Read ahead, the next one last.
        var standings: [Standing] = []
        /// Whether there may be more than was read.
        var goesOn = true
    }

    private let table: StandingTable
    private let statement: Statement
    /// What the statement's conditions take.
    private let further: [(any DatabaseValueConvertible)?]
    /// A heap: no run's first is before the first of the run at half its index.
    private var runs: [Run] = []

    /// - Parameter start: what is not after this is passed over.
    init(
        _ table: StandingTable,
        shapes: [Int64],
        _ wanted: Wanted,
        yardsticks: [Int64],
        after start: StandingPlace?
    ) throws {
        self.table = table
        var conditions: [String] = []
        var further: [(any DatabaseValueConvertible)?] = []
        if wanted.bytes != 1...(.max) {
            conditions.append("rawBytes BETWEEN ? AND ?")
            further += [wanted.bytes.lowerBound, wanted.bytes.upperBound]
        }
        if let license = wanted.license {
            conditions.append("license = ?")
            further.append(license)
        }
        self.further = further
        statement = try table.runStatement(conditions)
        let start = start ?? StandingPlace(value: -.infinity, buildId: .min)
        for shape in shapes {
            for yardstick in yardsticks {
                var run = Run(shape: shape, yardstick: yardstick)
                try read(&run, after: start, count: 1)
                if !run.standings.isEmpty { runs.append(run) }
            }
        }
        for index in runs.indices.reversed() { sink(index) }
    }

    /// The next standing, and its shape; nil at the end.
    var first: (standing: Standing, shape: Int64)? {
        guard let run = runs.first, let standing = run.standings.last else { return nil }
        return (standing, run.shape)
    }

    /// Goes on behind the first.
    /// - Parameter drops: whether the rest of its run is passed over.
    mutating func advance(dropping drops: Bool = false) throws {
        guard let last = runs[0].standings.popLast() else { return }
        if !drops, runs[0].standings.isEmpty, runs[0].goesOn { try read(&runs[0], after: last.place, count: 32) }
        if drops || runs[0].standings.isEmpty {
            runs.swapAt(0, runs.count - 1)
            runs.removeLast()
        }
        sink(0)
    }

    private func read(_ run: inout Run, after place: StandingPlace, count: Int) throws {
        let arguments = table.runArguments(
            shape: run.shape,
            yardstick: run.yardstick,
            further,
            after: place,
            count: count
        )
        let rows = try Row.fetchCursor(statement, arguments: arguments)
        while let row = try rows.next() {
            let place = StandingPlace(value: try row.value(at: 0), buildId: try row.value(at: 1))
            run.standings.append(Standing(place: place, license: try row.value(at: 2)))
        }
        run.goesOn = run.standings.count == count
        run.standings.reverse()
    }

    private mutating func sink(_ start: Int) {
        var index = start
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < runs.count && precedes(child, least) {
                least = child
            }
            guard least != index else { return }
            runs.swapAt(index, least)
            index = least
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        guard let first = runs[left].standings.last, let second = runs[right].standings.last else { return false }
        return first.place < second.place
    }
}
