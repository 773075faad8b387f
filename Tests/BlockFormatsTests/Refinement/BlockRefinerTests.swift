import BlockFormats
import Tensors
import TestSupport
import Testing

@Suite struct BlockRefinerTests {
    static let types = TensorType.allCases.filter { BlockCodec.canRefine($0) }

    private func refine(_ bytes: [UInt8], of weights: [Float], _ importance: [Float], as type: TensorType) -> [UInt8] {
        var refined = bytes
        refined.withUnsafeMutableBytes { refined in
            weights.withUnsafeBufferPointer { weights in
                importance.withUnsafeBufferPointer {
                    BlockCodec.refine(refined, of: weights, importance: $0, as: type)
                }
            }
        }
        return refined
    }

    /// What a block's weights lose, each counted as the refinement counts it.
    private func error(_ bytes: [UInt8], _ weights: ArraySlice<Float>, _ importance: [Float], _ type: TensorType)
        -> Float
    {
        let block = Array(weights)
        let meanSquare = block.reduce(0) { $0 + $1 * $1 } / Float(block.count)
        return zip(zip(block, decode(bytes, as: type)), weights.indices).reduce(0) { sum, next in
            let ((weight, decoded), index) = next
            let count = importance[index % importance.count] * (meanSquare / 2 + weight * weight).squareRoot()
            return sum + count * (weight - decoded) * (weight - decoded)
        }
    }

    private func importance(_ columns: Int, _ random: inout SeededRandom) -> [Float] {
        (0..<columns).map { _ in Float.random(in: 0...1, using: &random) * Float.random(in: 0...4, using: &random) }
    }

    @Test func typesWithEvenlySpacedLevelsCanBeRefined() {
        #expect(Self.types == [.q4_0, .q4_1, .q5_0, .q5_1, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K])
    }

    /// Whatever the weights are, a block is left alone or has lost error.
    @Test(arguments: types, Sample.allCases)
    func noBlockGetsWorse(_ type: TensorType, _ sample: Sample) throws {
        var random = SeededRandom.printed(for: "\(type.name) \(sample)")
        let (elements, size) = type.block
        for _ in 0..<10 {
            let weights = sample.block(&random) + sample.block(&random)
            let importance = importance(256, &random)
            let plain = encode(weights, importance: importance, as: type)
            guard isUsable(plain, type) else { continue }
            let refined = refine(plain, of: weights, importance, as: type)
            for block in 0..<(weights.count / elements) {
                let bytes = Array(refined[(block * size)..<((block + 1) * size)])
                let before = Array(plain[(block * size)..<((block + 1) * size)])
                guard bytes != before else { continue }
                let part = weights[(block * elements)..<((block + 1) * elements)]
                try #require(error(bytes, part, importance, type) <= error(before, part, importance, type))
            }
        }
    }

    /// Most blocks of usual weights gain.
    @Test(arguments: types)
    func usualWeightsGain(_ type: TensorType) {
        // Always the same weights: how many blocks gain is a matter of chance, in Q5_0 a little more than half.
        var random = SeededRandom(seed: 3)
        let weights = (0..<16).flatMap { _ in Sample.random.block(&random) }
        let importance = importance(256, &random)
        let plain = encode(weights, importance: importance, as: type)
        let refined = refine(plain, of: weights, importance, as: type)
        let (before, after) = (plain, refined)
        let (elements, size) = type.block
        var (sumBefore, sumAfter, changed) = (Float(0), Float(0), 0)
        for block in 0..<(weights.count / elements) {
            let part = weights[(block * elements)..<((block + 1) * elements)]
            let range = (block * size)..<((block + 1) * size)
            sumBefore += error(Array(before[range]), part, importance, type)
            sumAfter += error(Array(after[range]), part, importance, type)
            changed += before[range] == after[range] ? 0 : 1
        }
        #expect(changed * 2 > weights.count / elements)
        #expect(sumAfter < sumBefore)
    }

    @Test(arguments: types)
    func blocksWhoseColumnsDoNotCountStay(_ type: TensorType) {
        var random = SeededRandom.printed(for: type.name)
        let weights = Sample.random.block(&random)
        let plain = encode(weights, as: type)
        #expect(refine(plain, of: weights, [Float](repeating: 0, count: 256), as: type) == plain)
    }
}
