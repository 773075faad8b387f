/// The best of all choices, found by going through sums of bytes.
///
/// Steps along hulls miss choices between their corners, which counts where a model has few tensors, or large stacks of experts. Going
/// through all sums (dynamic programming over the multiple-choice knapsack) misses nothing but what counting in larger units rounds away,
/// and what that leaves of the bytes is filled afterwards.
extension BudgetSearch {
    /// Additions that a search may take: some tenths of a second.
    private static let mostAdditions = 150_000_000

    /// - Parameter bytes: for the tensors that are chosen for.
    /// - Returns: nil where nothing is small enough, counted in units, or where the bytes hold the best of every tensor.
    func tabulated(within bytes: Int) -> Selection? {
        let options = tensors.map(\.count).reduce(0, +)
        guard bytes > fewestBytes, bytes < tensors.reduce(0, { $0 + ($1.last?.bytes ?? 0) }) else { return nil }
        // What every choice takes is not counted.
        let least = tensors.map { $0[0].bytes }
        let spare = bytes - fewestBytes
        let unit = unit(over: least, atLeast: (spare * options + Self.mostAdditions - 1) / Self.mostAdditions)
        let capacity = spare / unit
        var costs = [Double](repeating: 0, count: capacity + 1)
        var picks: [[UInt8]] = []
        for (choices, smallest) in zip(tensors, least) {
            let sizes = choices.map { ($0.bytes - smallest + unit - 1) / unit }
            (costs, picks) = Self.adding(choices, sizes, to: costs, picks)
        }
        var used = costs.indices.min { costs[$0] < costs[$1] } ?? 0
        guard costs[used].isFinite else { return nil }
        var chosen = [Int](repeating: 0, count: tensors.count)
        for index in tensors.indices.reversed() {
            chosen[index] = Int(picks[index][used])
            used -= (tensors[index][chosen[index]].bytes - least[index] + unit - 1) / unit
        }
        return selection(chosen)
    }

    /// The largest unit in which all sizes are whole, or a larger one.
    private func unit(over least: [Int], atLeast: Int) -> Int {
        var divisor = 0
        for (choices, smallest) in zip(tensors, least) {
            for choice in choices { divisor = Self.commonDivisor(divisor, choice.bytes - smallest) }
        }
        return max(1, divisor, atLeast)
    }

    private static func commonDivisor(_ first: Int, _ second: Int) -> Int {
        var (first, second) = (first, second)
        while second != 0 { (first, second) = (second, first % second) }
        return first
    }

    /// One more tensor: the least cost for each number of units that are used at most, and which option gives it.
    private static func adding(
        _ choices: [Option],
        _ sizes: [Int],
        to costs: [Double],
        _ picks: [[UInt8]]
    ) -> ([Double], [[UInt8]]) {
        var next = [Double](repeating: .infinity, count: costs.count)
        var pick = [UInt8](repeating: 0, count: costs.count)
        for (index, (choice, size)) in zip(choices, sizes).enumerated() where size < costs.count && index < 256 {
            for used in size..<costs.count {
                let cost = costs[used - size] + choice.cost
                if cost < next[used] { (next[used], pick[used]) = (cost, UInt8(index)) }
            }
        }
        return (next, picks + [pick])
    }
}
