import Architectures
import Evaluation
import GGUF
import Inference
import SystemPackage
import TestSupport
import Testing

/// Every family, with each of its traits in some model.
@Suite struct SeededGoldenTests {
    let folder: ScratchFolder
    let vocabulary: Metadata

    init() throws {
        folder = try ScratchFolder()
        vocabulary = try TinyModels().metadata()
    }

    func open(_ golden: SeededGolden) throws -> LanguageModel {
        let path = folder.path.appending("model.gguf")
        try golden.model.write(to: path)
        return try LanguageModel(path: path)
    }

    /// A matrix that is carried from token to token carries roundings on.
    ///
    /// llama.cpp prints seven or eight digits; with GELU it rounds to half precision, where a last digit decides more.
    @Test(arguments: try SeededGolden.names)
    func everyRunningValueIsLlamaPerplexitys(name: String) throws {
        let golden = try SeededGolden(name, vocabulary: vocabulary)
        let model = try open(golden)
        let options = EvaluationOptions(context: golden.context, chunks: golden.running.count, threads: 2)
        let found = try PerplexityRun(model, options).measure(text: try PerplexityGoldens.text()).runningPerplexity
        let usesGELU = name.hasPrefix("gemma") || name == "gpt2"
        // So do experts whose units are clamped and not small.
        let carriesRoundings = name.hasPrefix("qwen35") || name.hasPrefix("gpt-oss")
        #expect(found.count == golden.running.count)
        for (value, expected) in zip(found, golden.running) {
            #expect(abs(value / expected - 1) < (usesGELU ? 5e-5 : carriesRoundings ? 5e-6 : 1e-6))
        }
    }

    @Test(arguments: try SeededGolden.names)
    func greedyTextIsLlamaCpps(name: String) throws {
        let golden = try SeededGolden(name, vocabulary: vocabulary)
        guard let expected = golden.greedy else { return }
        let session = try InferenceSession(try open(golden), SessionOptions(context: 256, threads: 2))
        let text = try Generator(session).generate(golden.prompt, limit: 64).text
        #expect(plain(text) == expected)
    }

    /// What is left on any way through pipes: the reference ends pieces at a zero and hands out invalid bytes.
    private func plain(_ text: String) -> String {
        var plain = ""
        for scalar in text.unicodeScalars where scalar != "\0" {
            if scalar == "\u{fffd}", plain.unicodeScalars.last == scalar { continue }
            plain.unicodeScalars.append(scalar)
        }
        return plain
    }

    @Test func everyArchitectureHasAGolden() throws {
        let names = try SeededGolden.names.map { name in
            try SeededGolden(name, vocabulary: vocabulary).model.metadata.string("general.architecture")
        }
        // What predicts no tokens has goldens of its vectors.
        #expect(Set(names) == Set(Architecture.namesInFull.filter { Architecture(named: $0).keepsKeys }))
    }

    /// Positions one by one, and batches of any size, go through the same states: caches, windows and convolutions.
    @Test(arguments: ["gemma3-window", "lfm2-deep", "qwen2-moe", "gpt2"])
    func tokensOneByOneGiveWhatABatchGives(name: String) throws {
        let model = try open(try SeededGolden(name, vocabulary: vocabulary))
        let tokens = (0..<60).map { Int32(100 + $0 * 37 % 2000) }

        func logits(_ batches: [Range<Int>]) throws -> [[Float]] {
            let session = try InferenceSession(model, SessionOptions(context: 64))
            // What an earlier text left must not show.
            try session.evaluate([5, 6, 7], logitsFor: 0..<0) { _ in }
            session.reset()
            return try batches.flatMap { batch in
                var rows: [[Float]] = []
                try session.evaluate(Array(tokens[batch]), logitsFor: 0..<batch.count) { slab in
                    rows += (0..<slab.count).map { Array(slab[$0]) }
                }
                return rows
            }
        }

        let whole = try logits([0..<60])
        for batches in [tokens.indices.map { $0..<($0 + 1) }, [0..<1, 1..<40, 40..<42, 42..<60]] {
            for (row, other) in zip(whole, try logits(batches)) {
                #expect(zip(row, other).allSatisfy { abs($0 - $1) < 5e-3 })
            }
        }
    }

    @Test(arguments: ["gemma3-window", "llama3-short"])
    func halfPrecisionCacheIsCloseToTheExactOne(name: String) throws {
        let model = try open(try SeededGolden(name, vocabulary: vocabulary))
        let tokens = (0..<60).map { Int32(100 + $0 * 37 % 2000) }
        let rows = try CacheType.allCases.map { type in
            var last: [Float] = []
            let session = try InferenceSession(model, SessionOptions(context: 64, cacheType: type))
            try session.evaluate(tokens, logitsFor: 59..<60) { last = Array($0[0]) }
            return last
        }
        #expect(rows[0] != rows[1])
        #expect(zip(rows[0], rows[1]).allSatisfy { abs($0 - $1) < 0.05 })
    }
}
