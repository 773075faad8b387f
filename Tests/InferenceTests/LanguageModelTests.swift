import GGUF
import Inference
import SystemPackage
import TestSupport
import Testing

@Suite struct LanguageModelTests {
    let folder: ScratchFolder
    let vocabulary: Metadata

    init() throws {
        folder = try ScratchFolder()
        vocabulary = try TinyModels().metadata()
    }

    func synthetic(_ architecture: String = "llama") throws -> SyntheticModel {
        try SyntheticModel(
            architecture: architecture,
            vocabulary: vocabulary,
            width: 64,
            hidden: 96,
            layers: 2,
            heads: (2, 2),
            seed: 3
        )
    }

    func open(_ model: SyntheticModel) throws -> LanguageModel {
        let path = folder.path.appending("model.gguf")
        try model.write(to: path)
        return try LanguageModel(path: path)
    }

    func problem(_ model: SyntheticModel) throws -> InferenceProblem? {
        do {
            _ = try open(model)
            return nil
        } catch let error as InferenceError {
            return error.problem
        }
    }

    func logits(_ model: LanguageModel) throws -> [Float] {
        var found: [Float] = []
        let session = try InferenceSession(model, SessionOptions(context: 8))
        try session.evaluate([1, 500, 700, 900], logitsFor: 3..<4) { found = Array($0[0]) }
        return found
    }

    @Test func fusedAndSeparateMatricesGiveTheSame() throws {
        let separate = try synthetic("phi3")
        var fused = separate
        for layer in 0..<2 {
            let name = "blk.\(layer)"
            fused.fuse(
                ["\(name).attn_q.weight", "\(name).attn_k.weight", "\(name).attn_v.weight"],
                as: "\(name).attn_qkv.weight"
            )
            fused.fuse(["\(name).ffn_gate.weight", "\(name).ffn_up.weight"], as: "\(name).ffn_up.weight")
        }
        #expect(try logits(open(separate)) == logits(open(fused)))
    }

    @Test func modelWithoutOutputReadsItsEmbeddingBackwards() throws {
        var tied = try synthetic()
        tied.tensors.removeAll { $0.name == "output.weight" }
        var explicit = tied
        let embedding = try #require(tied.tensors.first { $0.name == "token_embd.weight" })
        explicit.tensors.append(("output.weight", embedding.shape, embedding.values))
        #expect(try logits(open(tied)) == logits(open(explicit)))
    }

    @Test func rotaryLayoutBelongsToTheFamily() throws {
        #expect(try logits(open(synthetic("llama"))) != logits(open(synthetic("qwen2"))))
    }

    @Test(arguments: ["token_embd.weight", "output_norm.weight", "blk.1.attn_k.weight", "blk.0.ffn_down.weight"])
    func missingTensorIsNamed(name: String) throws {
        var model = try synthetic()
        model.tensors.removeAll { $0.name == name }
        #expect(try problem(model) == .missingTensor(name))
    }

    @Test func tensorThatNobodyReadsIsRefused() throws {
        var model = try synthetic()
        model.add("blk.0.attn_q_norm.weight", [32])
        #expect(try problem(model) == .unexpectedTensor("blk.0.attn_q_norm.weight"))
    }

    @Test func wrongShapeIsNamedWithBothShapes() throws {
        var model = try synthetic()
        model.metadata.set("llama.feed_forward_length", .uint32(95))
        #expect(
            try problem(model) == .wrongShape(tensor: "blk.0.ffn_gate.weight", expected: [64, 95], found: [64, 96])
        )
    }

    @Test func unknownArchitectureIsRefused() throws {
        var model = try synthetic()
        model.metadata.set("general.architecture", .string("mamba"))
        #expect(try problem(model) == .unsupportedArchitecture("mamba"))
    }

    @Test(
        arguments: [
            ("attention.head_count", 0), ("attention.head_count", 4_294_967_295), ("attention.head_count_kv", 3),
            ("block_count", 4_000_000_000), ("block_count", 16_000_000), ("embedding_length", 0),
            ("rope.dimension_count", 33), ("rope.dimension_count", 4096), ("attention.key_length", 0),
            ("attention.value_length", 16), ("expert_count", 8), ("feed_forward_length", 4_294_967_295),
        ] as [(String, UInt32)]
    )
    func absurdTraitsAreRefused(key: String, value: UInt32) throws {
        var model = try synthetic()
        model.metadata.set("llama.\(key)", .uint32(value))
        #expect(try problem(model) != nil, "\(key) = \(value)")
    }

    @Test func vocabularyIsChecked() throws {
        var model = try synthetic()
        model.metadata.set("tokenizer.ggml.eos_token_id", .uint32(5000))
        #expect(try problem(model) != nil)
        model = try synthetic()
        model.metadata.set("tokenizer.ggml.scores", .array(.float32([1, 2])))
        #expect(try problem(model) != nil)
        model = try synthetic()
        model.metadata.set("tokenizer.ggml.model", .string("bert"))
        #expect(try problem(model) == .unsupportedTokenizer("bert"))
    }
}
