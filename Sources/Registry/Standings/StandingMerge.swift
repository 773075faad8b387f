import GRDB

/// Standings of several shapes and texts, put into one order, from which runs can be dropped once their shape is known.
///
/// Each shape under each yardstick is a run in an index. Of all runs one question asks for the least value; standings are read only of
/// those whose turn comes.
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
        /// No standing of the run comes before this one.
        var least: StandingPlace
        /// Read ahead, the next one last.
        var standings: [Standing] = []
        /// How many are read next.
        var count = 4
        /// Whether there may be more than was read.
        var goesOn = true
        /// The place of the next one, as far as it is known.
        var place: StandingPlace { standings.last?.place ?? least }
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
        for yardstick in yardsticks {
            let values = try table.leastValues(of: shapes, yardstick: yardstick, after: start)
            runs += values.map { shape, value in
                let place = StandingPlace(value: value, buildId: .min)
                return Run(shape: shape, yardstick: yardstick, least: max(place, start))
            }
        }
        for index in runs.indices.reversed() { sink(index) }
    }

    /// The next standing, and its shape; nil at the end.
    /// - Parameter isPassed: shapes of which no standing counts any more.
    mutating func next(passingOver isPassed: (Int64) -> Bool) throws -> (standing: Standing, shape: Int64)? {
        while let run = runs.first {
            if isPassed(run.shape) {
                drop()
            } else if let standing = run.standings.last {
                return (standing, run.shape)
            } else if run.goesOn {
                try read(&runs[0], after: run.least)
                sink(0)
            } else {
                drop()
            }
        }
        return nil
    }

    /// Goes on behind the standing that `next` gave.
    mutating func advance() {
        guard let last = runs[0].standings.popLast() else { return }
        runs[0].least = last.place
        sink(0)
    }

    /// Passes over the rest of the first run.
    mutating func drop() {
        runs.swapAt(0, runs.count - 1)
        runs.removeLast()
        sink(0)
    }

    private func read(_ run: inout Run, after place: StandingPlace) throws {
        // Of most runs few standings are wanted.
        let count = run.count
        run.count = 32
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
        runs[left].place < runs[right].place
    }
}
