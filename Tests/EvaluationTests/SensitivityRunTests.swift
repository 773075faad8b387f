import BinaryIO
import Conversion
import Evaluation
import GGUF
import Inference
import Quantization
import SystemPackage
import TestSupport
import Testing
import Tokenizers

@Suite struct SensitivityRunTests {
    let tiny: TinyModels
    let base: LanguageModel
    let build: GGUFFile
    let text: [UInt8]

    init() throws {
        tiny = try TinyModels()
        let path = try tiny.converted(.f16)
        base = try LanguageModel(path: path)
        build = try GGUFFile(path: try tiny.quantized(.q3_K_S, from: try GGUFFile(path: path)))
        text = try readFile(Goldens.packageRoot.appending("texts/sample.txt"), limit: 1 << 24)
    }

    private func options(context: Int = 128, chunks: Int = 2) -> EvaluationOptions {
        EvaluationOptions(context: context, chunks: chunks, threads: 2)
    }

    /// A context beyond one batch is passed on in parts.
    @Test(arguments: [64, 600])
    func layersThatRunAgainGiveWhatAWholePassGives(context: Int) throws {
        let tokens = Array(try base.tokenizer.encode(utf8: Array(text.prefix(8000))).prefix(context))
        let scored = (context / 2)..<context
        let session = try InferenceSession(base, SessionOptions(context: context, threads: 2))
        let inputs = try LayerInputs(of: base, tokenCount: context)
        func logits(_ run: ((LogitRows) throws -> Void) throws -> Void) throws -> [Float] {
            var all: [Float] = []
            try run { slab in for row in 0..<slab.count { all += slab[row] } }
            return all
        }
        let plain = try logits { try session.evaluate(tokens, logitsFor: scored, $0) }
        #expect(try logits { try session.evaluate(tokens, logitsFor: scored, keeping: inputs, $0) } == plain)
        for (name, layer) in [("blk.1.ffn_down.weight", 1), ("blk.3.attn_qkv.weight", 3), ("output.weight", 4)] {
            #expect(
                try logits { try session.evaluate(tokens, logitsFor: scored, from: layer, of: inputs, $0) } == plain
            )
            session.weightOverride = WeightOverride(try #require(build.tensor(named: name)), in: build)
            session.reset()
            let whole = try logits { try session.evaluate(tokens, logitsFor: scored, $0) }
            let part = try logits { try session.evaluate(tokens, logitsFor: scored, from: layer, of: inputs, $0) }
            #expect(part == whole && part != plain, "\(name)")
            session.weightOverride = nil
        }
    }

    /// Small errors add up: all tensors together cost about what they cost one by one.
    @Test func costsOfTensorsAddUpToThatOfTheBuild() throws {
        let result = try SensitivityRun(base, build: build, options()).measure(text: text)
        let whole = try KLDivergenceRun(try LanguageModel(build), options()).compare(with: base, text: text)
        let ratio = result.sumOfDivergences / whole.divergence.mean
        #expect((0.8...1.25).contains(ratio), "\(ratio)")
        #expect(result.scoredTokens == 126 && result.chunks == 2 && result.context == 128)
        #expect(result.tensors.count == 18 && result.tensors.allSatisfy { $0.kld > 0 && $0.bytes < $0.baseBytes })
        let roles = Set(result.tensors.map(\.role))
        #expect(roles == ["attn_qkv", "attn_output", "ffn_up", "ffn_down", "output", "token_embd"])
        #expect(result.tensors.filter { $0.layer == nil }.map(\.role).sorted() == ["output", "token_embd"])
    }

    @Test func theSameFiguresForAnyCountOfThreads() throws {
        func figures(_ threads: Int) throws -> [Double] {
            var options = options(chunks: 1)
            options.threads = threads
            let run = try SensitivityRun(base, build: build, options) { $0.contains("blk.2") }
            return try run.measure(text: text).tensors.map(\.kld)
        }
        let one = try figures(1)
        #expect(one.count == 4)
        #expect(try figures(3) == one)
    }

    /// What is known when a run is stopped is of whole chunks only.
    @Test func progressTellsTensorsInTheirOrder() throws {
        struct Stop: Error {}
        let run = try SensitivityRun(base, build: build, options()) { $0.contains("ffn_down") }
        var seen: [(String, Int, Int, Int?)] = []
        #expect(throws: Stop.self) {
            try run.measure(text: text) { state in
                seen.append((state.tensor, state.done, state.total, state.result?.chunks))
                if state.done == 5 { throw Stop() }
            }
        }
        #expect(seen.map(\.1) == Array(0...5) && seen.allSatisfy { $0.2 == 8 })
        #expect(seen.map(\.3) == [nil, nil, nil, nil, 1, 1] && seen[1].0 == "blk.1.ffn_down.weight")
    }

    @Test func whatCannotBeComparedIsRefused() throws {
        #expect(throws: EvaluationError.nothingToCompare) {
            try SensitivityRun(base, build: try GGUFFile(path: base.path), options())
        }
        #expect(throws: EvaluationError.nothingToCompare) { try SensitivityRun(base, build: build) { _ in false } }
        let other = try SyntheticModel(
            architecture: "llama",
            vocabulary: try tiny.metadata(),
            width: 64,
            hidden: 128,
            layers: 1,
            heads: (2, 2),
            seed: 1
        )
        let folder = try ScratchFolder()
        let path = folder.path.appending("other.gguf")
        try other.write(to: path)
        let file = try GGUFFile(path: path)
        #expect(throws: EvaluationError.buildOfAnotherModel(tensor: "output.weight")) {
            try SensitivityRun(base, build: file)
        }
        #expect(throws: EvaluationError.self) {
            try SensitivityRun(base, build: build, options()).measure(text: Array("too short".utf8))
        }
    }
}
