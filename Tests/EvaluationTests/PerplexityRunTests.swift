import BlockFormats
import Conversion
import Evaluation
import Foundation
import Inference
import SystemPackage
import TestSupport
import Testing

@Suite struct PerplexityRunTests {
    let goldens: PerplexityGoldens
    let text: [UInt8]
    let tiny: TinyModels
    let model: LanguageModel

    init() throws {
        goldens = try PerplexityGoldens.load()
        text = try PerplexityGoldens.text()
        tiny = try TinyModels()
        model = try LanguageModel(path: try tiny.converted(.f32))
    }

    @Test func everyRunningValueOfTheExactModelMatchesLlamaPerplexity() throws {
        let options = EvaluationOptions(context: goldens.context, chunks: goldens.chunks, threads: 2)
        var reported: [Double] = []
        let result = try PerplexityRun(model, options).measure(text: text) { reported.append($0.perplexity) }
        let exact = goldens.model_f32_exact
        #expect(abs(result.perplexity / exact.perplexity - 1) < 1e-4)
        #expect(abs(result.standardError / exact.standard_error - 1) < 1e-4)
        #expect(result.chunks == goldens.chunks && result.scoredTokens == goldens.chunks * 255)
        #expect(result.runningPerplexity.count == exact.running_perplexity_per_chunk.count)
        for (found, expected) in zip(result.runningPerplexity, exact.running_perplexity_per_chunk) {
            #expect(abs(found / expected - 1) < 1e-4)
        }
        #expect(reported == result.runningPerplexity)
        // The same surprise in another unit.
        let bits: Double = result.bitsPerByte * Double(result.scoredBytes)
        let expectedBits: Double = log2(result.perplexity) * Double(result.scoredTokens)
        #expect(abs(bits / expectedBits - 1) < 1e-12)
        #expect(result.bitsPerByteStandardError > 0 && result.bitsPerByteStandardError < 0.02)
    }

    @Test func resultDoesNotDependOnTheThreadCount() throws {
        let results = try [1, 2, 3].map { threads in
            try PerplexityRun(model, EvaluationOptions(context: 128, chunks: 3, threads: threads)).measure(text: text)
        }
        #expect(results[0] == results[1] && results[0] == results[2])
    }

    @Test func everyKernelVariantGivesTheSameWithinRounding() throws {
        let results = try Kernels.available.map { kernels in
            try PerplexityRun(model, EvaluationOptions(context: 64, chunks: 2, threads: 2, kernels: kernels))
                .measure(text: text)
        }
        #expect(Set(results.map(\.kernels)) == Set(Kernels.available.map(\.rawValue)))
        for result in results {
            #expect(abs(result.perplexity / results[0].perplexity - 1) < 1e-5, "\(result.kernels)")
        }
    }

    /// `llama-perplexity -c 512 --ppl-stride 512 -b 768 --chunks 12`: windows of 768 tokens, a multiple of 256, since
    /// llama.cpp rounds a context up to one.
    @Test func strideModeMatchesLlamaPerplexity() throws {
        let expected = [
            87.4747, 71.7944, 70.0408, 71.6216, 74.6669, 72.4241, 74.1133, 76.0024, 76.7448, 75.5131, 76.6381, 76.7186,
        ]
        let options = EvaluationOptions(context: 512, chunks: 12, stride: 512, threads: 2)
        let result = try PerplexityRun(model, options).measure(text: text)
        #expect(result.runningPerplexity.count == expected.count)
        for (found, golden) in zip(result.runningPerplexity, expected) { #expect(abs(found / golden - 1) < 1e-4) }
    }

    @Test func halfPrecisionCacheStaysClose() throws {
        let exact = try PerplexityRun(model, EvaluationOptions(context: 128, chunks: 3)).measure(text: text)
        let half = try PerplexityRun(model, EvaluationOptions(context: 128, chunks: 3, cacheType: .f16))
            .measure(text: text)
        #expect(half.perplexity != exact.perplexity && abs(half.perplexity / exact.perplexity - 1) < 1e-3)
    }

    @Test func shortTextIsRefusedWithBothCounts() throws {
        let run = PerplexityRun(model, EvaluationOptions(context: 512))
        #expect(throws: EvaluationError.textTooShort(tokens: 3, needed: 1024, context: 512)) {
            try run.measure(text: Array("the the".utf8))
        }
    }

    @Test func absurdWindowsAreRefused() throws {
        #expect(throws: EvaluationError.noChunks(0)) {
            try PerplexityRun(model, EvaluationOptions(chunks: 0)).measure(text: text)
        }
        let windows: [(Int, Int?)] = [(0, nil), (3, nil), (Int.max, nil), (16, 0), (16, -5), (16, 200)]
        for (context, stride) in windows {
            #expect(throws: EvaluationError.self) {
                try PerplexityRun(model, EvaluationOptions(context: context, stride: stride)).measure(text: text)
            }
        }
    }
}
