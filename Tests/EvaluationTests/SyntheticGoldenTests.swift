import Evaluation
import GGUF
import Inference
import SystemPackage
import TestSupport
import Testing

/// Architectures for which no trained model is small enough to ship: random weights, measured with llama-perplexity
/// (`-c 256 --chunks 4 -fa off -ctk f32 -ctv f32`, the commit of Tests/Goldens) on the file that this test writes.
@Suite struct SyntheticGoldenTests {
    static let goldens: [String: [Double]] = [
        "llama": [15790.0075, 14956.5635, 17151.2841, 16677.0493],
        "qwen2": [17249.9591, 18034.9614, 17427.0087, 16005.8787],
    ]

    @Test(arguments: goldens.keys.sorted())
    func architecturesAgreeWithLlamaPerplexity(name: String) throws {
        let vocabulary = try TinyModels().metadata()
        var model = try SyntheticModel(
            architecture: name,
            vocabulary: vocabulary,
            width: name == "qwen2" ? 192 : 160,
            hidden: 320,
            layers: 3,
            heads: (6, 2),
            seed: 20_261_122
        )
        if name == "llama" {
            // Heads wider together than the hidden state, and frequency factors as Llama 3 has them.
            model.metadata.set("llama.rope.freq_base", .float32(500_000))
            model.add("rope_freqs.weight", [16], spread: 3, center: 4)
        } else {
            for layer in 0..<3 {
                model.add("blk.\(layer).attn_q.bias", [192], spread: 0.5)
                model.add("blk.\(layer).attn_k.bias", [64], spread: 0.5)
                model.add("blk.\(layer).attn_v.bias", [64], spread: 0.5)
            }
            model.metadata.set("qwen2.rope.scaling.type", .string("yarn"))
            model.metadata.set("qwen2.rope.scaling.factor", .float32(4))
            model.metadata.set("qwen2.rope.scaling.original_context_length", .uint32(256))
        }
        let folder = try ScratchFolder()
        let path = folder.path.appending("model.gguf")
        try model.write(to: path)
        let options = EvaluationOptions(context: 256, chunks: 4, threads: 2)
        let run = PerplexityRun(try LanguageModel(path: path), options)
        let result = try run.measure(text: try PerplexityGoldens.text())
        let expected = try #require(Self.goldens[name])
        #expect(result.runningPerplexity.count == expected.count)
        for (found, golden) in zip(result.runningPerplexity, expected) { #expect(abs(found / golden - 1) < 1e-5) }
    }
}
