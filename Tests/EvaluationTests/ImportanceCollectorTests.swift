import Evaluation
import Quantization
import Testing

@Suite struct ImportanceCollectorTests {
    private func collector(includesOutput: Bool = false, threads: Int = 1, earlier: ImportanceSums? = nil)
        -> ImportanceCollector
    {
        ImportanceCollector(
            matrixCount: { $0.contains("_exps") ? 3 : 1 },
            includesOutput: includesOutput,
            threads: threads,
            earlier: earlier
        )
    }

    private func add(_ rows: [[Float]], to tensor: String, matrix: Int = 0, _ collector: ImportanceCollector) {
        let columns = rows.first?.count ?? 0
        rows.flatMap { $0 }.withUnsafeBufferPointer { values in
            collector.add(
                to: tensor,
                matrix: matrix,
                rows: rows.indices.map { values.extracting(($0 * columns)..<(($0 + 1) * columns)) }
            )
        }
    }

    private func entries(_ collector: ImportanceCollector) -> [String: ImportanceSums.Entry] {
        collector.sums(dataset: "", chunkCount: 1, chunkSize: 4).entries
    }

    @Test func squaresAreAddedColumnByColumn() {
        let collector = collector()
        add([[1, -2], [3, 0]], to: "blk.0.attn_q.weight", collector)
        add([[1, 1]], to: "blk.0.attn_q.weight", collector)
        #expect(entries(collector) == ["blk.0.attn_q.weight": .init(sums: [11, 5], counts: [3])])
    }

    @Test func everyExpertHasItsOwnSumsAndCount() {
        let collector = collector()
        add([[1, 2], [1, 0]], to: "blk.1.ffn_up_exps.weight", matrix: 2, collector)
        add([[3, 1]], to: "blk.1.ffn_up_exps.weight", matrix: 0, collector)
        #expect(
            entries(collector) == [
                "blk.1.ffn_up_exps.weight": .init(sums: [9, 1, 0, 0, 2, 4], counts: [1, 0, 2])
            ]
        )
    }

    @Test func onlyLayersCountAndTheOutputOnRequest() {
        for includesOutput in [false, true] {
            let collector = collector(includesOutput: includesOutput)
            for name in ["token_embd.weight", "output.weight", "blk.0.ffn_down.weight"] {
                add([[1]], to: name, collector)
            }
            let outputs = ["output.weight", "token_embd.weight"]
            let expected = ["blk.0.ffn_down.weight"] + (includesOutput ? outputs : [])
            #expect(entries(collector).keys.sorted() == expected)
        }
    }

    @Test func wideMatricesAreTheSameForAllThreadCounts() {
        let rows = (0..<5).map { row in (0..<1300).map { column in Float(row * 7 + column % 13) * 0.37 } }
        let all = [1, 2, 5].map { threads in
            let collector = collector(threads: threads)
            add(rows, to: "blk.0.ffn_down.weight", collector)
            return entries(collector)
        }
        #expect(all[0] == all[1] && all[0] == all[2])
        let sums = all[0]["blk.0.ffn_down.weight"]?.sums ?? []
        #expect(sums == (0..<1300).map { column in rows.reduce(Float(0)) { $0 + $1[column] * $1[column] } })
    }

    @Test func aCollectionGoesOnFromAnEarlierOne() {
        let whole = collector()
        add([[0.1], [0.2], [0.3]], to: "blk.0.ffn_up.weight", whole)
        let first = collector()
        add([[0.1], [0.2]], to: "blk.0.ffn_up.weight", first)
        let second = collector(earlier: first.sums(dataset: "", chunkCount: 1, chunkSize: 4))
        add([[0.3]], to: "blk.0.ffn_up.weight", second)
        #expect(entries(second) == entries(whole))
    }

    @Test func overflowNamesItsTensor() {
        let collector = collector()
        add([[1]], to: "blk.0.ffn_up.weight", collector)
        #expect(collector.overflowed == nil)
        add([[2e20]], to: "blk.1.ffn_up.weight", collector)
        #expect(collector.overflowed == "blk.1.ffn_up.weight")
    }
}
