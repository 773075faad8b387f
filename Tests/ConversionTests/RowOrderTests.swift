import Conversion
import TestSupport
import Testing

@Suite struct RowOrderTests {
    /// Hugging Face keeps the first elements of a head's pairs in its first half and the second ones in its second; GGUF
    /// puts each pair side by side.
    @Test(arguments: [(1, 2), (1, 8), (4, 16), (8, 128), (32, 64)])
    func pairsOfEachHeadComeToStandSideBySide(_ heads: Int, _ headRows: Int) {
        let order = RowOrder.interleavedHalves(headCount: heads)
        for head in 0..<heads {
            for pair in 0..<(headRows / 2) {
                for part in 0..<2 {
                    let row = head * headRows + pair * 2 + part
                    let source = head * headRows + part * headRows / 2 + pair
                    #expect(order.source(of: row, rowCount: heads * headRows, matrixRows: heads * headRows) == source)
                }
            }
        }
    }

    @Test func everyOrderIsAPermutation() {
        var random = SeededRandom.printed()
        for _ in 0..<200 {
            let heads = Int.random(in: 1...40, using: &random)
            let rows = heads * 2 * Int.random(in: 1...64, using: &random)
            for order in [RowOrder.unchanged, .interleavedHalves(headCount: heads)] {
                #expect(
                    (0..<rows).map { order.source(of: $0, rowCount: rows, matrixRows: rows) }.sorted()
                        == Array(0..<rows)
                )
            }
        }
    }

    /// Gate and up projection of each expert stand one above the other.
    @Test func halvesOfStackedMatricesComeApart() {
        let rows = (0..<6)
        let first = rows.map { RowOrder.half(isSecond: false).source(of: $0, rowCount: 6, matrixRows: 2) }
        let second = rows.map { RowOrder.half(isSecond: true).source(of: $0, rowCount: 6, matrixRows: 2) }
        #expect(first == [0, 1, 4, 5, 8, 9])
        #expect(second == [2, 3, 6, 7, 10, 11])
    }

    @Test func queriesAndKeysAreReorderedByTheirOwnHeadsAndNothingElseIs() throws {
        let checkpoint = SmallCheckpoint.llama()
        let file = try Conversions().convert(checkpoint, .bf16)
        func rows(_ bytes: [UInt8]) -> [[UInt8]] {
            stride(from: 0, to: bytes.count, by: 512).map { Array(bytes[$0..<$0 + 512]) }
        }
        for (name, source, heads) in [("q", 8, 4), ("k", 6, 2), ("v", 9, 0)] {
            let from = rows(checkpoint.tensors[source].bytes)
            let order = heads == 0 ? RowOrder.unchanged : .interleavedHalves(headCount: heads)
            let expected = from.indices.map { from[order.source(of: $0, rowCount: from.count, matrixRows: from.count)] }
            #expect(try rows(file.content("blk.0.attn_\(name).weight")) == expected, "\(name)")
        }
    }
}
