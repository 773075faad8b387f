import BinaryIO
import GGUF
import Quantization
import SystemPackage
import TestSupport
import Testing

@Suite struct ImportanceSumsTests {
    private let folder: ScratchFolder
    private let older = Goldens.tinyPhi3.appending("imatrix.dat")
    private let newer = Goldens.tinyPhi3.appending("imatrix.gguf")

    init() throws { folder = try ScratchFolder() }

    private func bytes(_ path: FilePath) throws -> [UInt8] { try readFile(path, limit: 1 << 24) }

    private func sums(_ entries: [String: ImportanceSums.Entry], chunks: Int = 1) -> ImportanceSums {
        ImportanceSums(entries: entries, datasets: ["a"], chunkCount: chunks, chunkSize: 4)
    }

    /// Two experts with two columns each; no row reached the second.
    private var experts: ImportanceSums {
        sums(["blk.0.ffn_up_exps.weight": .init(sums: [2, 6, 0, 0], counts: [4, 0])])
    }

    @Test func bothFormsAreWrittenAsLlamaImatrixWritesThem() throws {
        let read = try ImportanceSums(path: newer)
        #expect(read.chunkCount == 24 && read.chunkSize == 512)
        let (again, old) = (folder.path.appending("again.gguf"), folder.path.appending("old.dat"))
        try read.write(to: again, as: ImportanceForm(path: again))
        try read.write(to: old, as: ImportanceForm(path: old))
        #expect(try bytes(again) == bytes(newer))
        #expect(try bytes(old) == bytes(older))
    }

    @Test func theOlderFormIsReadBackToRowsAndSums() throws {
        let (old, new) = (try ImportanceSums(path: older), try ImportanceSums(path: newer))
        #expect(old.chunkCount == new.chunkCount && old.datasets == new.datasets)
        for (name, entry) in new.entries {
            let other = try #require(old.entries[name])
            #expect(other.counts == entry.counts)
            #expect(zip(other.sums, entry.sums).allSatisfy { abs($0 - $1) <= abs($1) * 1e-6 }, "\(name)")
        }
    }

    @Test func expertsKeepTheirOwnCounts() throws {
        let path = folder.path.appending("experts.gguf")
        try experts.write(to: path, as: .gguf)
        #expect(try ImportanceSums(path: path) == experts)
        // What no row reached counts everything alike.
        #expect(try ImportanceMatrix(path: path).entries["blk.0.ffn_up_exps.weight"] == [0.5, 1.5, 1, 1])
        let old = folder.path.appending("experts.dat")
        try experts.write(to: old, as: .dat)
        #expect(try ImportanceMatrix(path: old).entries["blk.0.ffn_up_exps.weight"] == [0.5, 1.5, 1, 1])
    }

    @Test func tensorsThatNoRowReachedAreLeftOutOfTheOlderForm() throws {
        let sums = sums(["a": .init(sums: [0], counts: [0]), "b": .init(sums: [3], counts: [1])])
        let path = folder.path.appending("some.dat")
        try sums.write(to: path, as: .dat)
        #expect(try ImportanceMatrix(path: path).entries.keys.sorted() == ["b"])
    }

    @Test func mergingAddsSumsAndCounts() throws {
        var merged = experts
        try merged.add(
            sums([
                "blk.0.ffn_up_exps.weight": .init(sums: [1, 1, 5, 7], counts: [4]),
                "blk.0.attn_q.weight": .init(sums: [9], counts: [8]),
            ]),
            from: "other"
        )
        #expect(merged.entries["blk.0.ffn_up_exps.weight"] == .init(sums: [3, 7, 5, 7], counts: [8, 4]))
        #expect(merged.entries["blk.0.attn_q.weight"] == .init(sums: [9], counts: [8]))
        #expect(merged.datasets == ["a", "a"] && merged.chunkCount == 2)
    }

    @Test func matricesOfDifferentModelsAreNotMerged() throws {
        var merged = experts
        let wrong: [ImportanceSums.Entry] = [
            .init(sums: [1, 1], counts: [1]), .init(sums: [1, 1, 1, 1], counts: [1, 1, 1, 1]),
        ]
        for entry in wrong {
            let error = #expect(throws: QuantizationError.self) {
                try merged.add(sums(["blk.0.ffn_up_exps.weight": entry]), from: "other.gguf")
            }
            #expect(error?.path == "other.gguf")
        }
        #expect(merged == experts)
    }

    /// Which of them is the odd one cannot be told.
    @Test func bothFilesAreNamedWhereMatricesDoNotGoTogether() throws {
        var merged = sums(["blk.0.attn_q.weight": .init(sums: [1, 2], counts: [1])])
        let error = #expect(throws: QuantizationError.self) {
            try merged.add(
                sums(["blk.0.attn_q.weight": .init(sums: [1], counts: [1])]),
                from: "good.gguf",
                to: ["bad.gguf"]
            )
        }
        let text = error?.description ?? ""
        #expect(text.contains("good.gguf") && text.contains("bad.gguf has 2 for 1"))
        #expect(text.contains("One of them was made from another model"))
    }

    /// Counts of files are numbers like any other: what they come to stays in range.
    @Test func countsBeyondMeasureStayInRange() throws {
        let folder = try ScratchFolder()
        let path = folder.path.appending("huge.gguf")
        let huge = ImportanceSums(
            entries: ["a": .init(sums: [1], counts: [1 << 49])],
            datasets: [],
            chunkCount: 1,
            chunkSize: .max
        )
        try huge.write(to: path, as: .gguf)
        var read = try ImportanceSums(path: path)
        for _ in 0..<40 { try read.add(read, from: path) }
        #expect(read.entries["a"]?.counts == [1 << 60])
        try read.write(to: folder.path.appending("huge.dat"), as: .dat)
    }

    @Test func statisticsAreThoseOfTheMeans() throws {
        let matrix = sums([
            "blk.0.ffn_down.weight": .init(sums: [2, 2, 2, 2], counts: [2]),
            "blk.1.ffn_down.weight": .init(sums: [0, 0, 0, 8], counts: [2]),
            "blk.1.ffn_up_exps.weight": .init(sums: [2, 6, 0, 0], counts: [4, 0]),
        ])
        let statistics = matrix.statistics
        #expect(
            statistics.map(\.tensor) == [
                "blk.0.ffn_down.weight", "blk.1.ffn_down.weight", "blk.1.ffn_up_exps.weight",
            ]
        )
        #expect(statistics.map(\.role) == ["ffn_down", "ffn_down", "ffn_up_exps"])
        let (even, spike, experts) = (statistics[0], statistics[1], statistics[2])
        #expect(even.sum == 4 && even.mean == 1 && even.standardDeviation == 0 && even.outlierPercent == 0)
        #expect(even.entropy == 2 && even.entropyPercent == 100 && even.similarityToPreviousLayer == nil)
        #expect(spike.sum == 4 && spike.max == 4 && spike.min == 0 && spike.activePercent == 25)
        #expect(spike.entropy == 0 && spike.outlierPercent == 25 && spike.similarityToPreviousLayer == 0.5)
        #expect(experts.elements == 2 && experts.sum == 2 && experts.unreachedMatrices == 1)
        let layers = ImportanceSums.layers(of: statistics)
        #expect(layers.map(\.layer) == [0, 1])
        // Four columns of ffn_down, two of the experts.
        #expect(abs(layers[1].sum - (4 * 4 + 2 * 2) / 6.0) < 1e-12)
    }
}
