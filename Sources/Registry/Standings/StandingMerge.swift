import GRDB

/// Merges the standings of several shapes and texts into one order; the runs of a shape can be dropped once its fate is
/// known.
///
/// Each shape under each yardstick is a run in an index. One query finds the least value of every run; standings are
/// only read of the runs whose turn comes.
struct StandingMerge {
    /// The conditions on the standings of a shape.
    struct Wanted {
        /// The size of the file, in bytes.
        var bytes: ClosedRange<Int> = 1...(.max)
        /// The licence in lower case; nil for any.
        var license: String?
    }

    /// A standing as a walk needs it.
    struct Standing {
        var place: StandingPlace
        var license: String
    }

    private struct Run {
        let shape: Int64
        let yardstick: Int64
        /// A lower bound: no standing of the run comes before it.
        var least: StandingPlace
        /// The standings read ahead, the next one last.
        var standings: [Standing] = []
        /// The number of standings to read next.
        var count = 4
        /// Whether there may be more than was read.
        var goesOn = true
        /// The place of the next standing, or its lower bound.
        var place: StandingPlace { standings.last?.place ?? least }
    }

    private let table: StandingTable
    private let statement: Statement
    /// The arguments of the statement's conditions.
    private let further: [(any DatabaseValueConvertible)?]
    /// A heap: no run's first is before the first of the run at half its index.
    private var runs: [Run] = []

    /// - Parameter start: standings up to and including this place are skipped.
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

    /// Returns the next standing, and its shape; nil at the end.
    /// - Parameter isPassed: whether the remaining standings of a shape are skipped.
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

    /// Advances past the standing that `next` returned.
    mutating func advance() {
        guard let last = runs[0].standings.popLast() else { return }
        runs[0].least = last.place
        sink(0)
    }

    /// Skips the rest of the first run.
    mutating func drop() {
        runs.swapAt(0, runs.count - 1)
        runs.removeLast()
        sink(0)
    }

    private func read(_ run: inout Run, after place: StandingPlace) throws {
        // Few standings of most runs are needed.
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
