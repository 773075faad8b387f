/// The points that a cell can be replaced by if it is not a point: those at the few smallest distances from it.
///
/// Built once for each grid, at its first use. The order of a list decides among points with the same cost.
struct GridNeighbours: Sendable {
    let grid: Grid
    /// For each cell: the point's number, or, if it is not a point, -1 minus the index of its list in `lists`.
    let places: [Int32]
    /// Each list: its length, then the packed digits of its points, the nearest first; among equally near ones, the
    /// lower number first.
    let lists: [UInt16]

    static let iq1 = GridNeighbours(of: .iq1, distances: 3)
    static let iq2_xxs = GridNeighbours(of: .iq2_xxs, distances: 2)
    static let iq2_xs = GridNeighbours(of: .iq2_xs, distances: 2)
    static let iq2_s = GridNeighbours(of: .iq2_s, distances: 1)
    static let iq3_xxs = GridNeighbours(of: .iq3_xxs, distances: 2)
    static let iq3_s = GridNeighbours(of: .iq3_s, distances: 3)

    /// - Parameter distances: the number of different distances in a list.
    init(of grid: Grid, distances: Int) {
        self.grid = grid
        let halves = HalfDistances(grid)
        let pointCells = grid.points.map(grid.cell)
        var places = [Int32](repeating: -1, count: grid.cellCount)
        for (number, cell) in pointCells.enumerated() { places[cell] = Int32(number) }
        var lists: [UInt16] = []
        var measured = [UInt8](repeating: 0, count: grid.points.count)
        for cell in 0..<grid.cellCount where places[cell] < 0 {
            let shells = halves.measure(from: cell, to: pointCells, into: &measured).prefix(distances)
            places[cell] = Int32(-1 - lists.count)
            let start = lists.count
            lists.append(0)
            for shell in shells {
                for (number, distance) in measured.enumerated() where distance == shell {
                    lists.append(grid.points[number])
                }
            }
            lists[start] = UInt16(lists.count - start - 1)
            // Padded to whole vectors; the search returns the first position of a duplicate.
            while !(lists.count - start - 1).isMultiple(of: 16) { lists.append(lists[start + 1]) }
        }
        self.places = places
        self.lists = lists
    }
}

/// The squared distances between cells, as the sum of those between their first and their second halves.
private struct HalfDistances {
    private let count: Int
    private let table: [UInt8]

    init(_ grid: Grid) {
        let places = grid.dimension / 2
        let count = (0..<places).reduce(1) { count, _ in count * grid.radix }
        let digits = (0..<count).map { Grid.digits(of: $0, dimension: places, radix: grid.radix) }
        table = digits.flatMap { a in
            digits.map { b in UInt8(zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }) }
        }
        self.count = count
    }

    /// - Returns: the distances that occur, in ascending order.
    func measure(from cell: Int, to others: [Int], into measured: inout [UInt8]) -> [UInt8] {
        var occurs = [Bool](repeating: false, count: 256)
        let (low, high) = (cell % count * count, cell / count * count)
        for (index, other) in others.enumerated() {
            let distance = table[low + other % count] + table[high + other / count]
            measured[index] = distance
            occurs[Int(distance)] = true
        }
        return (0...255).filter { occurs[Int($0)] }
    }
}

/// The cost of each digit at each place of a group: the weighted square of the difference from `scale * value`.
struct DigitCosts {
    private let costs: UnsafeMutablePointer<Float>

    /// The number of places times packed digits, the same for every grid.
    static let count = 32

    /// - Parameter scratch: memory for `count` numbers.
    init(scratch: UnsafeMutablePointer<Float>) { costs = scratch }

    @inline(__always)
    func fill(
        _ grid: Grid,
        x: UnsafePointer<Float>,
        weights: UnsafePointer<Float>,
        scale: Float,
        values: UnsafePointer<Float>
    ) {
        for place in 0..<grid.dimension {
            for digit in 0..<grid.radix {
                let difference = scale * values[digit] - x[place]
                costs[place << grid.digitBits + digit] = weights[place] * difference * difference
            }
        }
    }

    /// - Parameter place: the list of a cell that is not a point, as in `GridNeighbours.places`.
    /// - Returns: the packed digits of the cheapest neighbour, the first among equals; nil if the costs of all of them
    ///   overflow.
    @inline(__always)
    func cheapest(_ neighbours: GridNeighbours, at place: Int32) -> UInt16? {
        let grid = neighbours.grid
        return neighbours.lists.withUnsafeBufferPointer { lists in
            let start = Int(-1 - place)
            var best = Float.greatestFiniteMagnitude
            var found: UInt16?
            for packed in lists[(start + 1)...(start + Int(lists[start]))] {
                var sum = costs[grid.digit(0, of: packed)]
                for place in 1..<grid.dimension {
                    sum += costs[place << grid.digitBits + grid.digit(place, of: packed)]
                }
                if sum < best {
                    best = sum
                    found = packed
                }
            }
            return found
        }
    }
}
