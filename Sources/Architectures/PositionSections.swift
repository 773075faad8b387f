import GGUF

/// How a head's pairs are divided among a token's four positions: time, height, width, and one more (M-RoPE).
///
/// A text has equal positions in the first three and none in the fourth, so the pairs of the fourth are not rotated.
/// Source: Wang et al., "Qwen2-VL", 2024; the order as in llama.cpp's `ggml_mrope_cache_init`.
struct PositionSections: Sendable {
    /// The order of the sections.
    enum Order: Sendable {
        case inARow
        /// One pair of each of the first three in turn, up to the length of each; the rest belongs to the fourth.
        case interleaved
    }

    private let lengths: [Int]
    private let order: Order
    private let pairCount: Int

    init(_ keys: ShapeReader, _ order: Order, dimensions: Int) throws {
        let name = "rope.dimension_sections"
        let lengths = try keys.metadata.integers(keys.key(name)).required(keys.key(name))
        guard lengths.count == 4, lengths.allSatisfy({ (0...dimensions).contains($0) }),
            (1...dimensions).contains(lengths.reduce(0, +))
        else { throw keys.bad(name, "\(lengths)", "four lengths that a head of \(dimensions) elements has room for") }
        (self.lengths, self.order, pairCount) = (lengths, order, dimensions / 2)
    }

    /// The pairs of the fourth position.
    var stillPairs: Set<Int> {
        let sum = lengths.reduce(0, +)
        return Set(
            (0..<pairCount).filter { pair in
                let place = pair % sum
                switch order {
                case .inARow: return place >= sum - lengths[3]
                case .interleaved: return place >= 3 * lengths[place % 3]
                }
            }
        )
    }
}
