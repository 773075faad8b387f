import Testing
import Tokenizers

@Suite struct MergeChainTests {
    /// Symbols are small numbers; some pairs merge into their sum, in an order without system.
    private struct SumRule: MergeRule {
        func merge(_ left: MergeChain.Symbol, _ right: MergeChain.Symbol) -> (rank: Int32, result: Int32)? {
            let sum = left.number + right.number
            return sum % 3 == 0 || sum > 40 ? nil : ((left.number * 31 + right.number * 17) % 11, sum)
        }
    }

    /// Finds the lowest pair anew each time.
    private func merged(_ numbers: [Int32]) -> [Int32] {
        func symbol(_ number: Int32) -> MergeChain.Symbol { MergeChain.Symbol(start: 0, end: 1, number: number) }
        var numbers = numbers
        while true {
            let merges = numbers.indices.dropLast().compactMap { index in
                SumRule().merge(symbol(numbers[index]), symbol(numbers[index + 1])).map { (index: index, merge: $0) }
            }
            let lowest = merges.map(\.merge.rank).min()
            guard let best = merges.first(where: { $0.merge.rank == lowest }) else { return numbers }
            numbers[best.index] = best.merge.result
            numbers.remove(at: best.index + 1)
        }
    }

    @Test(arguments: [0, 1, 2, 47, 48, 49, 50, 300])
    func shortAndLongRowsMergeInTheSameOrder(_ count: Int) {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            let numbers = (0..<count).map { _ in Int32.random(in: 1...9, using: &random) }
            var chain = MergeChain()
            for (index, number) in numbers.enumerated() {
                chain.append(MergeChain.Symbol(start: index, end: index + 1, number: number))
            }
            chain.merge(by: SumRule())
            #expect(chain.symbols.map(\.number) == merged(numbers), "\(numbers)")
            // The symbols still cover the row without gaps.
            #expect(chain.symbols.map(\.start) == [0].prefix(min(count, 1)) + chain.symbols.dropLast().map(\.end))
            #expect(chain.symbols.last?.end ?? 0 == count)
        }
    }
}
