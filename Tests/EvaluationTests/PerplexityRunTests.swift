import Evaluation
import Inference
import SystemPackage
import TestSupport
import Testing

@Suite(.enabled(if: Goldens.testModels != nil, "EDGEPIPE_TEST_MODELS names no folder with GGUF files of the tiny model"))
struct PerplexityRunTests {
    let goldens: PerplexityGoldens
    let models: FilePath
    let text: [UInt8]

    init() throws {
        goldens = try PerplexityGoldens.load()
        models = try #require(Goldens.testModels)
        text = try PerplexityGoldens.text()
    }

    func options(threads: Int = 2, kernels: Kernels? = nil) -> EvaluationOptions {
        EvaluationOptions(context: goldens.context, chunks: goldens.chunks, threads: threads, kernels: kernels)
    }

    @Test func everyRunningValueOfTheExactModelMatchesLlamaPerplexity() throws {
        let model = try LanguageModel(path: models.appending("f32.gguf"))
        let result = try PerplexityRun(model, options()).measure(text: text)
        let exact = goldens.model_f32_exact
        #expect(abs(result.perplexity / exact.perplexity - 1) < 1e-4)
        #expect(abs(result.standardError / exact.standard_error - 1) < 1e-3)
        #expect(result.chunks == goldens.chunks && result.scoredTokens == goldens.chunks * 255)
        for (found, expected) in zip(result.runningPerplexity, exact.running_perplexity_per_chunk) {
            #expect(abs(found / expected - 1) < 1e-4)
        }
        print(result.perplexity, result.standardError, result.bitsPerByte, result.bitsPerByteStandardError, result.kernels)
    }
}
