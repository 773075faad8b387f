import BinaryIO
import Conversion
import Evaluation
import Foundation
import GGUF
import Inference
import Quantization
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct ImportanceRunTests {
    let tiny: TinyModels
    let text: [UInt8]

    init() throws {
        tiny = try TinyModels()
        text = try readFile(Goldens.packageRoot.appending("texts/calibration.txt"), limit: 1 << 24)
    }

    private func run(_ change: (inout ImportanceOptions) -> Void) throws -> ImportanceRun {
        var options = ImportanceOptions()
        (options.context, options.chunks, options.threads) = (64, 4, 2)
        change(&options)
        return ImportanceRun(try LanguageModel(path: try tiny.converted(.f16)), options) { _ in 1 }
    }

    /// `llama-imatrix -c 512 --chunks 24` on the same file and text, with its cache in half precision.
    @Test func everyColumnIsWithinAThousandthOfLlamaImatrix() throws {
        let golden = try ImportanceSums(path: Goldens.tinyPhi3.appending("imatrix.gguf"))
        let run = try run { ($0.context, $0.chunks) = (512, 24) }
        let (sums, perplexity) = try run.collect(text: text, dataset: "text")
        #expect(sums.entries.keys.sorted() == golden.entries.keys.sorted())
        #expect(sums.chunkCount == 24 && sums.chunkSize == 512 && sums.datasets == ["text"])
        for (name, expected) in golden.entries {
            let found = try #require(sums.entries[name])
            #expect(found.counts == expected.counts)
            #expect(zip(found.sums, expected.sums).allSatisfy { abs($0 / $1 - 1) < 1e-3 }, "\(name)")
        }
        // What llama-imatrix prints of the same run.
        #expect(abs(try #require(perplexity) / 73.3448 - 1) < 1e-4)
    }

    /// `llama-imatrix -c 128 --chunks 4 -fa off -ctk f32 -ctv f32` on seeded models; see scripts/compare-imatrix.py.
    @Test(arguments: ["mixtral", "qwen2-moe", "lfm2-moe", "gpt-oss"])
    func everyExpertCountsAsInLlamaImatrix(name: String) throws {
        struct Expert: Decodable {
            let counts: [Int]
            let totals: [Double]
        }
        let path = Goldens.packageRoot.appending("Tests/Goldens/imatrix/\(name).json")
        let golden = try JSONDecoder().decode(
            [String: Expert].self,
            from: Data(try readFile(path, limit: 1 << 20))
        )
        let folder = try ScratchFolder()
        try SeededGolden(name, vocabulary: try tiny.metadata()).model.write(to: folder.path.appending("model.gguf"))
        let file = try GGUFFile(path: folder.path.appending("model.gguf"))
        var options = ImportanceOptions()
        (options.context, options.chunks, options.threads) = (128, 4, 2)
        let run = ImportanceRun(try LanguageModel(file), options) { tensor in
            file.tensor(named: tensor)?.shape.dimensions.dropFirst(2).reduce(1, *) ?? 1
        }
        let sums = try run.collect(text: text, dataset: "").sums
        #expect(sums.entries.keys.sorted() == golden.keys.sorted())
        for (tensor, expected) in golden {
            let entry = try #require(sums.entries[tensor])
            #expect(entry.counts == expected.counts, "\(tensor)")
            for (expert, total) in expected.totals.enumerated() {
                let columns = (expert * entry.columnCount)..<((expert + 1) * entry.columnCount)
                let found = entry.sums[columns].reduce(0) { $0 + Double($1) }
                #expect(abs(found - total) <= 1e-5 * total, "\(tensor)")
            }
        }
    }

    @Test func threadsAndPerplexityChangeNothing() throws {
        let whole = try run { _ in }.collect(text: text, dataset: "")
        let single = try run { ($0.threads, $0.measuresPerplexity) = (1, false) }.collect(text: text, dataset: "")
        #expect(whole.sums == single.sums)
        #expect(whole.perplexity != nil && single.perplexity == nil)
    }

    @Test func aRunThatWasCutEndsWithTheSameSums() throws {
        struct Cut: Error {}
        let run = try run { _ in }
        let whole = try run.collect(text: text, dataset: "t").sums
        var soFar: ImportanceSums?
        #expect(throws: Cut.self) {
            try run.collect(text: text, dataset: "t") { state, sums in
                guard state.chunk == 3 else { return }
                soFar = sums()
                throw Cut()
            }
        }
        let earlier = try #require(soFar)
        #expect(earlier.chunkCount == 3)
        var read: [Int] = []
        let rest = try run.collect(text: text, dataset: "t", continuing: earlier) { state, _ in read.append(state.chunk)
        }
        #expect(rest.sums == whole && read == [4])
    }

    @Test func theOutputMatrixHasAnEntryOnRequest() throws {
        let plain = try run { _ in }.collect(text: text, dataset: "")
        let (sums, perplexity) = try run { $0.includesOutput = true }.collect(text: text, dataset: "")
        #expect(sums.entries["output.weight"]?.counts == [4 * 64])
        #expect(perplexity == plain.perplexity)
        #expect(sums.entries.filter { $0.key != "output.weight" } == plain.sums.entries)
    }

    @Test func controlTokensCountWhereTheyAreAskedFor() throws {
        let marked = Array("<|end|>".utf8) + text
        let plain = try run { _ in }.collect(text: marked, dataset: "").sums
        #expect(try run { $0.parsesSpecial = true }.collect(text: marked, dataset: "").sums != plain)
    }

    @Test func damagedWeightsAreNamedNotCollected() throws {
        var model = try SyntheticModel(
            architecture: "llama",
            vocabulary: try tiny.metadata(),
            width: 64,
            hidden: 96,
            layers: 2,
            heads: (2, 2),
            seed: 1
        )
        let place = try #require(model.tensors.firstIndex { $0.name == "blk.0.ffn_up.weight" })
        model.tensors[place].values[7] = .nan
        let folder = try ScratchFolder()
        try model.write(to: folder.path.appending("model.gguf"))
        var options = ImportanceOptions()
        (options.context, options.chunks) = (64, 2)
        let damaged = try LanguageModel(path: folder.path.appending("model.gguf"))
        let expected = EvaluationError.activationsNotFinite(tensor: "blk.0.ffn_down.weight", chunk: 1)
        #expect(throws: expected) {
            try ImportanceRun(damaged, options) { _ in 1 }.collect(text: text, dataset: "")
        }
        #expect(throws: EvaluationError.self) {
            try PerplexityRun(damaged, EvaluationOptions(context: 64, chunks: 2)).measure(text: text)
        }
    }

    @Test func textsThatCannotBeReadAreRefused() throws {
        let run = try run { _ in }
        #expect(throws: EvaluationError.notUTF8(line: 2)) {
            try run.collect(text: Array("one\n".utf8) + [0xff, 0x0a], dataset: "")
        }
        #expect(throws: EvaluationError.self) { try run.collect(text: Array("short".utf8), dataset: "") }
    }
}
