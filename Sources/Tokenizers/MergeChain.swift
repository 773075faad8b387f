import HeapModule

/// Determines which neighbours merge, and in which order.
package protocol MergeRule {
    /// The rank and the result of merging two neighbours; lower ranks merge first. Nil if they do not merge.
    func merge(_ left: MergeChain.Symbol, _ right: MergeChain.Symbol) -> (rank: Int32, result: Int32)?
}

/// A text as a row of symbols whose neighbours merge, lowest rank first and leftmost first among equal ranks.
package struct MergeChain {
    package struct Symbol {
        package var start: Int
        package var end: Int
        /// The rule's number for the symbol.
        package var number: Int32

        package init(start: Int, end: Int, number: Int32) {
            (self.start, self.end, self.number) = (start, end, number)
        }
    }

    package private(set) var symbols: [Symbol] = []
    /// The rank of merging each symbol with its right neighbour, and the result.
    private var ranks: [Int32] = []
    private var results: [Int32] = []

    private static let never = Int32.max
    /// Up to this number of symbols, moving the rest of the row is faster than a priority queue.
    private static let shortCount = 48

    package init() {}

    mutating func removeAll() { symbols.removeAll(keepingCapacity: true) }

    package mutating func append(_ symbol: Symbol) { symbols.append(symbol) }

    /// Merges until no neighbours merge any more.
    package mutating func merge(by rule: some MergeRule) {
        ranks.removeAll(keepingCapacity: true)
        results.removeAll(keepingCapacity: true)
        for index in symbols.indices {
            let merge = index + 1 < symbols.count ? rule.merge(symbols[index], symbols[index + 1]) : nil
            ranks.append(merge?.rank ?? Self.never)
            results.append(merge?.result ?? -1)
        }
        if symbols.count <= Self.shortCount { mergeShort(by: rule) } else { mergeLong(by: rule) }
    }

    private mutating func mergeShort(by rule: some MergeRule) {
        while true {
            var (best, lowest) = (-1, Self.never)
            for index in ranks.indices where ranks[index] < lowest { (best, lowest) = (index, ranks[index]) }
            guard best >= 0 else { return }
            join(best, best + 1)
            symbols.remove(at: best + 1)
            ranks.remove(at: best + 1)
            results.remove(at: best + 1)
            rank(best, best + 1 < symbols.count ? best + 1 : -1, by: rule)
            rank(best - 1, best, by: rule)
        }
    }

    private mutating func mergeLong(by rule: some MergeRule) {
        // The indices of neighbours; a symbol that was merged into its left neighbour has an empty range.
        var next = Array(1...symbols.count)
        next[symbols.count - 1] = -1
        var previous = Array(-1..<(symbols.count - 1))
        // The rank in the upper half and the index in the lower half, so that keys compare like pairs of both.
        var queue = Heap<UInt64>()
        func propose(_ index: Int) {
            guard index >= 0, ranks[index] != Self.never else { return }
            queue.insert((UInt64(UInt32(bitPattern: ranks[index])) << 32) | UInt64(index))
        }
        for index in symbols.indices { propose(index) }
        while let best = queue.popMin() {
            let left = Int(best & 0xffff_ffff)
            // Either symbol may have merged with another neighbour meanwhile.
            guard ranks[left] == Int32(best >> 32), !symbols[left].isEmpty else { continue }
            let right = next[left]
            join(left, right)
            symbols[right].start = symbols[right].end
            next[left] = next[right]
            if next[left] >= 0 { previous[next[left]] = left }
            rank(left, next[left], by: rule)
            rank(previous[left], left, by: rule)
            propose(left)
            propose(previous[left])
        }
        symbols.removeAll { $0.isEmpty }
    }

    private mutating func join(_ left: Int, _ right: Int) {
        symbols[left].end = symbols[right].end
        symbols[left].number = results[left]
    }

    private mutating func rank(_ left: Int, _ right: Int, by rule: some MergeRule) {
        guard left >= 0 else { return }
        let merge = right >= 0 ? rule.merge(symbols[left], symbols[right]) : nil
        ranks[left] = merge?.rank ?? Self.never
        results[left] = merge?.result ?? -1
    }
}

extension MergeChain.Symbol {
    var isEmpty: Bool { start == end }
}
