/// Finds the best of all choices by dynamic programming over sums of bytes (the multiple-choice knapsack).
///
/// Steps along hulls miss choices between their corners, which matters if a model has few tensors, or large stacks of
/// experts. Dynamic programming only misses what rounding sizes up to a unit loses, and the bytes left over are filled
/// afterwards.
extension BudgetSearch {
    /// The most additions in a search: some tenths of a second.
    private static let mostAdditions = 150_000_000

    /// - Parameter bytes: the size allowed for the tensors that are chosen for.
    /// - Returns: nil if nothing is small enough, counted in units, or if the bytes suffice for the best type of every
    ///   tensor.
    func tabulated(within bytes: Int) -> Selection? {
        let options = tensors.map(\.count).reduce(0, +)
        guard bytes > fewestBytes, bytes < tensors.reduce(0, { $0 + ($1.last?.bytes ?? 0) }) else { return nil }
        // The smallest option of every tensor is always paid for, so it is not counted.
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

    /// The largest unit that divides all sizes, or a larger one.
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

    /// Adds a tensor: the least cost for each number of units that may be used, and the option that gives it.
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
