import Recipes
import Tensors
import TestSupport
import Testing

@Suite struct BudgetSearchTests {
    private typealias Option = BudgetSearch.Option

    /// Tensors with sizes and sensitivities of their own; costs fall with bits as errors do, but not evenly.
    private func tensors(_ count: Int, _ random: inout SeededRandom) -> [[Option]] {
        let types: [TensorType] = [.q2_K, .q3_K, .q4_K, .q5_K, .q6_K]
        return (0..<count).map { _ in
            let blocks = Int.random(in: 1...40, using: &random)
            let weight = Double.random(in: 0.001...1, using: &random)
            return types.map { type in
                let noise = Double.random(in: 0.7...1.4, using: &random)
                let exponent = type.bitsPerElement
                return Option(
                    type: type,
                    bytes: blocks * type.block.bytes,
                    cost: weight * noise / Double(1 << Int(2 * exponent)),
                    milliseconds: Double(blocks) * (type == .q3_K ? 3 : 1)
                )
            }
        }
    }

    /// The best of all combinations.
    private func exhaustive(_ tensors: [[Option]], _ bytes: Int, _ limit: Double = .infinity) -> Double? {
        var best: Double?
        func visit(_ index: Int, _ used: Int, _ time: Double, _ cost: Double) {
            if used > bytes || time > limit || cost >= best ?? .infinity { return }
            if index == tensors.count { return best = cost }
            for option in tensors[index] {
                visit(index + 1, used + option.bytes, time + option.milliseconds, cost + option.cost)
            }
        }
        visit(0, 0, 0, 0)
        return best
    }

    @Test func theSearchComesWithinAFewPercentOfTheBestOfAllCombinations() throws {
        var random = SeededRandom(seed: 1)
        var ratios: [Double] = []
        for _ in 0..<60 {
            let tensors = tensors(7, &random)
            let search = BudgetSearch(tensors)
            let range = search.fewestBytes...max(search.fewestBytes + 1, search.mostBytes)
            let bytes = Int.random(in: range, using: &random)
            let found = try #require(search.best(within: bytes))
            #expect(found.bytes <= bytes)
            ratios.append(found.cost / (try #require(exhaustive(search.tensors, bytes))))
        }
        #expect(ratios.allSatisfy { $0 >= 1 - 1e-9 })
        #expect(ratios.reduce(0, +) / Double(ratios.count) < 1.05, "\(ratios)")
    }

    @Test func moreBytesNeverCostMoreDivergence() throws {
        var random = SeededRandom(seed: 1)
        let search = BudgetSearch(tensors(40, &random))
        var last = Double.infinity
        for bytes in stride(from: search.fewestBytes, through: search.mostBytes, by: 997) {
            let found = try #require(search.best(within: bytes))
            #expect(found.cost <= last * 1.02)
            last = min(last, found.cost)
        }
    }

    @Test func bytesAreUsedUp() throws {
        var random = SeededRandom(seed: 1)
        let search = BudgetSearch(tensors(200, &random))
        for part in [0.2, 0.5, 0.8] {
            let bytes = search.fewestBytes + Int(part * Double(search.mostBytes - search.fewestBytes))
            let found = try #require(search.best(within: bytes))
            #expect(Double(found.bytes) >= 0.995 * Double(bytes))
        }
    }

    @Test func aLimitOfTimeIsKept() throws {
        var random = SeededRandom(seed: 1)
        let search = BudgetSearch(tensors(30, &random))
        let bytes = (search.fewestBytes + search.mostBytes) / 2
        let free = try #require(search.best(within: bytes))
        let limit = (free.milliseconds + search.fewestMilliseconds) / 2
        let found = try #require(search.best(within: bytes, milliseconds: limit))
        #expect(found.milliseconds <= limit && found.bytes <= bytes && found.cost >= free.cost)
        #expect(search.best(within: bytes, milliseconds: search.fewestMilliseconds * 0.99) == nil)
    }

    @Test func aPresetIsNeverBetterThanItselfFilledUp() throws {
        var random = SeededRandom(seed: 1)
        let search = BudgetSearch(tensors(30, &random))
        let preset = try #require(search.selection(of: [TensorType](repeating: .q4_K, count: 30)))
        let filled = search.filled(preset, within: preset.bytes + 5000)
        #expect(filled.cost <= preset.cost && filled.bytes <= preset.bytes + 5000)
        #expect(search.selection(of: [TensorType](repeating: .q8_0, count: 30)) == nil)
    }

    @Test func fewerBytesThanTheSmallestBuildGiveNothing() {
        var random = SeededRandom(seed: 1)
        let search = BudgetSearch(tensors(5, &random))
        #expect(search.best(within: search.fewestBytes - 1) == nil)
        #expect(search.best(within: search.fewestBytes)?.bytes == search.fewestBytes)
    }
}
