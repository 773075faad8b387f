import GRDB

/// Standings of several shapes and texts, put into one order.
///
/// Each shape under each yardstick is a run in an index; of each run the next few are at hand, and the best of those is the next.
struct StandingMerge {
    /// What is wanted of a shape's standings.
    struct Wanted {
        var shape: Int64
        /// Whether the licence must be the one that was asked for (true), or must be another (false); nil for any.
        var hasLicense: Bool?
    }

    private struct Run {
        let shape: Int64
        let yardstick: Int64
        let statement: Statement
        /// What the statement's conditions take.
        let further: [(any DatabaseValueConvertible)?]
        /// Read ahead, the next one last.
        var places: [StandingPlace] = []
        /// Whether there may be more than was read.
        var goesOn = true
    }

    private let table: StandingTable
    /// A heap: no run's next place is before the next place of the run at half its index.
    private var runs: [Run] = []

    /// - Parameters:
    ///   - license: what `wanted` speaks of.
    ///   - bytes: the size of the file, in bytes.
    ///   - start: what is not after this is passed over.
    init(
        _ table: StandingTable,
        _ wanted: [Wanted],
        license: String?,
        bytes: ClosedRange<Int>,
        yardsticks: [Int64],
        after start: StandingPlace?
    ) throws {
        self.table = table
        let isAnySize = bytes.lowerBound <= 1 && bytes.upperBound == .max
        let start = start ?? StandingPlace(value: -.infinity, buildId: .min)
        var statements: [Bool?: Statement] = [:]
        for item in wanted {
            var further: [(any DatabaseValueConvertible)?] = isAnySize ? [] : [bytes.lowerBound, bytes.upperBound]
            if item.hasLicense != nil { further.append(license) }
            let statement: Statement
            if let known = statements[item.hasLicense] {
                statement = known
            } else {
                var conditions = isAnySize ? [] : ["rawBytes BETWEEN ? AND ?"]
                if let isOwn = item.hasLicense { conditions.append(isOwn ? "license = ?" : "license <> ?") }
                statement = try table.runStatement(conditions)
                statements[item.hasLicense] = statement
            }
            for yardstick in yardsticks {
                var run = Run(shape: item.shape, yardstick: yardstick, statement: statement, further: further)
                try read(&run, after: start, count: 2)
                if !run.places.isEmpty { runs.append(run) }
            }
        }
        for index in runs.indices.reversed() { sink(index) }
    }

    /// The next standing of all runs; nil at the end.
    mutating func next() throws -> StandingPlace? {
        guard !runs.isEmpty, let place = runs[0].places.popLast() else { return nil }
        if runs[0].places.isEmpty, runs[0].goesOn { try read(&runs[0], after: place, count: 32) }
        if runs[0].places.isEmpty {
            runs.swapAt(0, runs.count - 1)
            runs.removeLast()
        }
        sink(0)
        return place
    }

    private func read(_ run: inout Run, after place: StandingPlace, count: Int) throws {
        let rows = try Row.fetchCursor(
            run.statement,
            arguments: table.runArguments(
                shape: run.shape,
                yardstick: run.yardstick,
                run.further,
                after: place,
                count: count
            )
        )
        while let row = try rows.next() {
            run.places.append(StandingPlace(value: try row.value(at: 0), buildId: try row.value(at: 1)))
        }
        run.goesOn = run.places.count == count
        run.places.reverse()
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
        guard let first = runs[left].places.last, let second = runs[right].places.last else { return false }
        return first < second
    }
}
