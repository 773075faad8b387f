import Conversion
import Evaluation
import GGUF
import Inference
import Quantization
import SystemPackage
import TestSupport
import Testing

@Suite struct KLDivergenceRunTests {
    let goldens: PerplexityGoldens
    let text: [UInt8]
    let tiny: TinyModels
    let base: LanguageModel

    init() throws {
        goldens = try PerplexityGoldens.load()
        text = try PerplexityGoldens.text()
        tiny = try TinyModels()
        base = try LanguageModel(path: try tiny.converted(.f32))
    }

    /// The goldens were measured with int8 activations and a half-precision cache; see docs/evaluation.md for bounds.
    func check(_ found: KLDivergenceResult, _ expected: PerplexityGoldens.Comparison, _ name: String) {
        let divergence = found.divergence
        #expect(abs(found.build.perplexity / expected.perplexity - 1) < 0.005, "\(name)")
        #expect(abs(divergence.mean - expected.mean_kld) < max(0.05 * expected.mean_kld, 0.0005), "\(name)")
        #expect(abs(divergence.median - expected.median_kld) < max(0.05 * expected.median_kld, 0.0005), "\(name)")
        #expect(abs(divergence.p99 - expected.p99_kld) < max(0.1 * expected.p99_kld, 0.002), "\(name)")
        #expect(abs(found.sameTopPercent.value - expected.same_top_percent) < 0.75, "\(name)")
        #expect(abs(found.deltaPercent.mean - expected.mean_delta_p_percent) < 0.05, "\(name)")
        #expect(abs(found.rmsDeltaPercent.value - expected.rms_delta_p_percent) < 0.1, "\(name)")
        #expect(divergence.min <= divergence.median && divergence.p99 <= divergence.max)
    }

    @Test func ourOwnBuildsCompareAsInLlamaPerplexity() throws {
        let source = try GGUFFile(path: try tiny.converted(.f16))
        let options = EvaluationOptions(context: goldens.context, chunks: goldens.chunks, threads: 2)
        let types: [Quantization.FileType] = [
            .q2_K, .q3_K_S, .q3_K_M, .q4_0, .q4_K_S, .q4_K_M, .q5_K_S, .q5_K_M, .q6_K, .q8_0,
        ]
        let builds = try types.map { try LanguageModel(path: try tiny.quantized($0, from: source)) }
        let found = try KLDivergenceRun(builds, options).compare(with: base, text: text) { _, _ in }
        for (type, found) in zip(types, found) {
            check(found, try #require(goldens.kl_divergence_against_f32[type.name]), type.name)
        }
    }

    /// However many windows the base reads at a time, and whoever is compared beside it.
    @Test(arguments: [1, 1 << 21, 1 << 28])
    func severalBuildsGetTheFiguresOfEachAlone(_ keptBytes: Int) throws {
        let source = try GGUFFile(path: try tiny.converted(.f16))
        let options = EvaluationOptions(context: 64, chunks: 5, threads: 2)
        let builds = try [Quantization.FileType.q4_0, .q2_K, .q8_0].map {
            try LanguageModel(path: try tiny.quantized($0, from: source))
        }
        var run = KLDivergenceRun(builds, options)
        run.keptBytes = keptBytes
        var told: [Int: [Int]] = [:]
        let together = try run.compare(with: base, text: text) { told[$0, default: []].append($1.chunk) }
        let alone = try builds.map { try KLDivergenceRun($0, options).compare(with: base, text: text) }
        #expect(together == alone)
        #expect(told == [0: [1, 2, 3, 4, 5], 1: [1, 2, 3, 4, 5], 2: [1, 2, 3, 4, 5]])
    }

    @Test(.enabled(if: Goldens.testModels != nil, "EDGEPIPE_TEST_MODELS names no folder with llama.cpp's own builds"))
    func llamaCppBuildsCompareAsInLlamaPerplexity() throws {
        let folder = try #require(Goldens.testModels)
        let options = EvaluationOptions(context: goldens.context, chunks: goldens.chunks, threads: 2)
        for (name, expected) in goldens.kl_divergence_against_f32.sorted(by: { $0.key < $1.key }) {
            let file = try GGUFFile(path: folder.appending("\(name).gguf"))
            guard file.tensors.allSatisfy({ Quantizer.canDecode($0.type) }) else { continue }
            let found = try KLDivergenceRun(try LanguageModel(file), options).compare(with: base, text: text)
            check(found, expected, name)
        }
    }

    @Test func baseFileGivesTheSameAsBothModelsSideBySide() throws {
        let folder = try ScratchFolder()
        let path = folder.path.appending("base.logits")
        let options = EvaluationOptions(context: 64, chunks: 4, threads: 2)
        let size = base.vocabularySize
        let saved = try PerplexityRun(base, options).measure(
            text: text,
            saving: { try BaseLogitsWriter(path: path, windows: $0, vocabularySize: size) }
        )
        let stored = try BaseLogits(path: path)
        #expect(stored.context == 64 && stored.chunkCount == 4 && stored.vocabularySize == size)
        let build = try LanguageModel(
            path: try tiny.quantized(.q4_0, from: try GGUFFile(path: try tiny.converted(.f16)))
        )
        let run = KLDivergenceRun(build, options)
        let fromFile = try run.compare(with: stored)
        #expect(fromFile == (try run.compare(with: base, text: text)))
        // Sixteen bits per log-probability cost the base's own perplexity almost nothing.
        #expect(abs(fromFile.basePerplexity.value / saved.perplexity - 1) < 1e-4)
        #expect(fromFile.build == (try PerplexityRun(build, options).measure(text: text)))
    }

    @Test func modelComparedWithItselfDiffersByRoundingOnly() throws {
        let found = try KLDivergenceRun(base, EvaluationOptions(context: 64, chunks: 2)).compare(with: base, text: text)
        // Stored log-probabilities are off by half a step at most.
        let halfStep = 16.0 / 65535 / 2
        #expect(abs(found.divergence.mean) < halfStep && found.divergence.max < 1.1 * halfStep)
        #expect(found.sameTopPercent.value == 100 && abs(found.logPerplexityRatio.value) < 1e-4)
    }
}
