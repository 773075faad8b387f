import BlockFormats
import Inference
import Tensors
import TestSupport
import Testing

/// Products of activations that were coded as whole numbers.
@Suite struct CodedProductsTests {
    static let seed = UInt64.random(in: 0 ... .max)
    static let variants = Kernels.available.filter { $0 != .swift }
    static let types: [TensorType] = [
        .f16, .bf16, .q4_0, .q4_1, .q8_0, .q2_K, .q3_K, .q4_K, .q5_K, .q6_K,
    ]

    private func numbers(_ count: Int, _ random: inout SplitMix64) -> [Float] {
        // Magnitudes of many sizes, as activations have them.
        (0..<count).map { _ in (2 * random.nextFraction() - 1) * Float(1 << Int.random(in: 0...10, using: &random)) }
    }

    private func multiply(
        _ kernels: Kernels,
        _ x: [Float],
        tokens: Int,
        rows: [Float],
        count: Int,
        depth: Int
    ) throws -> [Float] {
        let coded = try CodedRows(rows: tokens, depth: depth)
        // Columns past the panel must stay as they were.
        let stride = panelWidth + 3
        var out = [Float](repeating: -7, count: tokens * stride)
        out.withUnsafeMutableBufferPointer { out in
            x.withUnsafeBufferPointer { x in
                rows.withUnsafeBufferPointer { rows in
                    let input = Rows(start: x.baseAddress!, stride: depth)
                    // In two parts, as threads do it.
                    let middle = tokens / 2
                    coded.code(0..<middle, of: tokens, depth: depth, input, kernels)
                    coded.code(middle..<tokens, of: tokens, depth: depth, input, kernels)
                    coded.multiply(
                        tokens,
                        depth: depth,
                        weights: Rows(start: rows.baseAddress!, stride: depth),
                        rowCount: count,
                        into: Rows(start: out.baseAddress!, stride: stride),
                        kernels
                    )
                }
            }
        }
        return out
    }

    @Test(arguments: variants)
    func allVariantsGiveTheSameNumbers(_ kernels: Kernels) throws {
        var random = SplitMix64(seed: Self.seed)
        for _ in 0..<60 {
            let tokens = Int.random(in: 1...40, using: &random)
            let depth = Int.random(in: 1...400, using: &random)
            let count = Int.random(in: 1...panelWidth, using: &random)
            let (x, rows) = (numbers(tokens * depth, &random), numbers(count * depth, &random))
            let found = try multiply(kernels, x, tokens: tokens, rows: rows, count: count, depth: depth)
            let expected = try multiply(.swift, x, tokens: tokens, rows: rows, count: count, depth: depth)
            #expect(found == expected, "seed \(Self.seed): \(tokens) x \(depth) x \(count)")
        }
    }

    /// A code is at most half a step from its number, and a step is at most 2^-12 of the group's largest.
    @Test func codesCostLittle() throws {
        var random = SplitMix64(seed: Self.seed)
        for _ in 0..<20 {
            let (tokens, depth, count) = (5, Int.random(in: 1...400, using: &random), 7)
            let (x, rows) = (numbers(tokens * depth, &random), numbers(count * depth, &random))
            let found = try multiply(.fastest, x, tokens: tokens, rows: rows, count: count, depth: depth)
            for token in 0..<tokens {
                for row in 0..<count {
                    var (exact, limit) = (0.0, 0.0)
                    for start in stride(from: 0, to: depth, by: 32) {
                        let places = start..<min(start + 32, depth)
                        let (a, b) = (places.map { x[token * depth + $0] }, places.map { rows[row * depth + $0] })
                        exact += zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
                        let greatest = (a.map(\.magnitude).max() ?? 0) * (b.map(\.magnitude).max() ?? 0)
                        limit += Double(places.count) * 2.1 * 0x1p-13 * Double(greatest)
                    }
                    let difference = Double(found[token * (panelWidth + 3) + row]) - exact
                    #expect(abs(difference) <= limit + 1e-6, "seed \(Self.seed)")
                }
            }
        }
    }

    @Test(arguments: Kernels.available, [Float.nan, .infinity, -.infinity])
    func whatIsNoNumberIsNotHidden(_ kernels: Kernels, _ bad: Float) throws {
        for depth in [1, 32, 100] {
            var x = [Float](repeating: 1, count: 2 * depth)
            x[depth - 1] = bad
            let rows = [Float](repeating: 0.5, count: depth)
            let out = try multiply(kernels, x, tokens: 2, rows: rows, count: 1, depth: depth)
            #expect(!out[0].isFinite && out[panelWidth + 3].isFinite)
            let turned = try multiply(kernels, rows + rows, tokens: 2, rows: Array(x[..<depth]), count: 1, depth: depth)
            #expect(!turned[0].isFinite)
        }
    }

    @Test(arguments: Kernels.available)
    func groupsOfNothingAreZero(_ kernels: Kernels) throws {
        let tiny = [Float](repeating: 1e-38, count: 64)
        let out = try multiply(kernels, tiny, tokens: 1, rows: tiny.map { _ in 1e30 }, count: 1, depth: 64)
        #expect(out[0] == 0)
    }

    /// A single row is multiplied with blocks as they lie in the file. Codes of eight bits are at most half a step from their
    /// numbers, and a step is a 127th of the group's largest.
    ///
    /// Some kernels take several blocks at a time: rows of one, three and eight blocks leave them none, or some, over.
    @Test(arguments: types, [1, 3, 8, 16])
    func aSingleRowIsMultipliedWithBlocks(_ type: TensorType, _ blocks: Int) throws {
        var random = SplitMix64(seed: Self.seed)
        let (depth, count) = (blocks * max(32, type.block.elements), 5)
        let x = numbers(depth, &random)
        let weights = (0..<(depth * count)).map { _ in 2 * random.nextFraction() - 1 }
        var bytes = [UInt8](repeating: 0, count: type.byteCount(elements: weights.count)!)
        var decoded = weights
        weights.withUnsafeBufferPointer { weights in
            bytes.withUnsafeMutableBytes { BlockCodec.encode(weights, as: type, into: $0) }
        }
        bytes.withUnsafeBytes { bytes in
            decoded.withUnsafeMutableBufferPointer { BlockCodec.decode(type, bytes, into: $0) }
        }
        let row = try CodedRow(depth: depth)
        for kernels in Kernels.available {
            var out = [Float](repeating: 0, count: count)
            let isDone = x.withUnsafeBufferPointer { x in
                row.code(x.baseAddress!, depth: depth, for: type)
                return bytes.withUnsafeBytes { row.multiply($0, type, count: count, into: &out, kernels) }
            }
            guard isDone else {
                #expect([.swift, .scalar, .neon].contains(kernels))
                continue
            }
            for index in 0..<count {
                let own = decoded[(index * depth)..<((index + 1) * depth)]
                let exact = zip(own, x).reduce(0) { $0 + Double($1.0) * Double($1.1) }
                let group = max(type.block.elements, 32)
                var limit = 1e-5 * zip(own, x).reduce(0) { $0 + Double(($1.0 * $1.1).magnitude) }
                if type.block.elements > 1 {
                    for start in stride(from: 0, to: depth, by: group) {
                        let step = Double(x[start..<(start + group)].map(\.magnitude).max()!) / 127
                        limit +=
                            own.dropFirst(start).prefix(group).reduce(0) { $0 + Double($1.magnitude) } * step * 0.51
                    }
                }
                #expect(abs(Double(out[index]) - exact) <= limit, "seed \(Self.seed), \(kernels)")
            }
        }
    }

    /// What they would be divided by is too small to be turned over.
    @Test(arguments: [Float.leastNonzeroMagnitude, .leastNormalMagnitude / 4, .leastNormalMagnitude])
    func aSingleRowOfTheSmallestNumbersHasProductsNearZero(_ number: Float) throws {
        let x = [Float](repeating: number, count: 256)
        let row = try CodedRow(depth: 256)
        for type in [TensorType.q4_K, .q8_0, .q6_K] {
            let bytes = [UInt8](repeating: 1, count: 256 / type.block.elements * type.block.bytes)
            var out: [Float] = [0]
            _ = x.withUnsafeBufferPointer { x in
                row.code(x.baseAddress!, depth: 256, for: type)
                return bytes.withUnsafeBytes { row.multiply($0, type, count: 1, into: &out, .fastest) }
            }
            #expect(abs(out[0]) < 1e-30)
        }
    }

    @Test func aSingleRowOfNoNumbersHasNoProducts() throws {
        for bad in [Float.nan, .infinity] {
            var x = [Float](repeating: 1, count: 256)
            x[200] = bad
            let row = try CodedRow(depth: 256)
            let bytes = [UInt8](repeating: 1, count: TensorType.q4_K.block.bytes)
            var out: [Float] = [0]
            let isDone = x.withUnsafeBufferPointer { x in
                row.code(x.baseAddress!, depth: 256, for: .q4_K)
                return bytes.withUnsafeBytes { row.multiply($0, .q4_K, count: 1, into: &out, .fastest) }
            }
            #expect(!isDone || !out[0].isFinite)
        }
    }
}
