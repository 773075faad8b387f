import Architectures
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

    /// A model whose layers have experts, two of four for each token.
    func sparse() throws -> SyntheticModel {
        var model = try synthetic("qwen3moe")
        model.tensors.removeAll { $0.name.contains(".ffn_") && !$0.name.contains("norm") }
        for (key, value) in [("expert_count", 4), ("expert_used_count", 2), ("expert_feed_forward_length", 48)] {
            model.metadata.set("qwen3moe.\(key)", .uint32(UInt32(value)))
        }
        for layer in 0..<2 {
            let name = "blk.\(layer)"
            model.add("\(name).attn_q_norm.weight", [32], spread: 0.5, center: 1)
            model.add("\(name).attn_k_norm.weight", [32], spread: 0.5, center: 1)
            model.add("\(name).ffn_gate_inp.weight", [64, 4])
            model.add("\(name).ffn_gate_exps.weight", [64, 48, 4])
            model.add("\(name).ffn_up_exps.weight", [64, 48, 4])
            model.add("\(name).ffn_down_exps.weight", [48, 64, 4])
        }
        return model
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
        #expect(try problem(model) == .shape(.unsupportedArchitecture("mamba")))
    }

    @Test(
        arguments: [
            ("attention.head_count", 0), ("attention.head_count", 4_294_967_295), ("attention.head_count_kv", 3),
            ("block_count", 4_000_000_000), ("block_count", 16_000_000), ("embedding_length", 0),
            ("rope.dimension_count", 33), ("rope.dimension_count", 4096), ("attention.key_length", 0),
            ("attention.value_length", 16), ("feed_forward_length", 4_294_967_295), ("feed_forward_length", 0),
        ] as [(String, UInt32)]
    )
    func absurdTraitsAreRefused(key: String, value: UInt32) throws {
        var model = try synthetic()
        model.metadata.set("llama.\(key)", .uint32(value))
        #expect(try problem(model) != nil, "\(key) = \(value)")
    }

    @Test(
        arguments: [
            ("expert_count", 0), ("expert_count", 5), ("expert_count", 4_000_000_000), ("expert_used_count", 0),
            ("expert_used_count", 5), ("expert_feed_forward_length", 47), ("expert_group_count", 2),
        ] as [(String, UInt32)]
    )
    func absurdExpertsAreRefused(key: String, value: UInt32) throws {
        var model = try sparse()
        #expect(try problem(model) == nil)
        model.metadata.set("qwen3moe.\(key)", .uint32(value))
        #expect(try problem(model) != nil, "\(key) = \(value)")
    }

    @Test func modelThatMayNotHaveExpertsIsRefusedWithThem() throws {
        var model = try synthetic("qwen2")
        model.metadata.set("qwen2.expert_count", .uint32(8))
        #expect(try problem(model) == .shape(.unsupportedValue(key: "qwen2.expert_count", value: "8")))
    }

    @Test func windowPatternHasOneEntryPerLayer() throws {
        var model = try synthetic("olmo2")
        model.metadata.set("olmo2.attention.sliding_window", .uint32(4))
        model.metadata.set("olmo2.attention.sliding_window_pattern", .array(.bool([true])))
        let key = "olmo2.attention.sliding_window_pattern"
        #expect(
            try problem(model) == .shape(.badValue(key: key, value: "an array of 1", expected: "one per layer"))
        )
    }

    /// Of each kind of tensor that only some families have.
    @Test(
        arguments: [
            ("qwen3moe", "blk.0.attn_q_norm.weight"), ("qwen3moe", "blk.1.ffn_gate_inp.weight"),
            ("gemma2", "blk.0.post_attention_norm.weight"), ("stablelm", "blk.0.attn_norm.bias"),
            ("gpt2", "position_embd.weight"),
        ]
    )
    func missingTensorOfAFamilyIsNamed(architecture: String, name: String) throws {
        var model = architecture == "qwen3moe" ? try sparse() : try synthetic(architecture)
        model.metadata.set("\(architecture).attention.layer_norm_epsilon", .float32(1e-5))
        model.tensors.removeAll { $0.name == name }
        #expect(try problem(model) == .missingTensor(name))
    }

    @Test func activationsOfExpertsSayWhichExpertTheyAreFor() throws {
        let session = try InferenceSession(try open(try sparse()), SessionOptions(context: 8))
        var rows: [Int: Int] = [:]
        session.observer = { if $0.tensor == "blk.0.ffn_down_exps.weight" { rows[$0.matrix, default: 0] += $0.rows } }
        try session.evaluate([1, 500, 700, 900], logitsFor: 0..<4) { _ in }
        #expect(rows.values.reduce(0, +) == 8 && rows.keys.allSatisfy { (0..<4).contains($0) } && rows.count > 1)
    }

    @Test func textBeyondLearnedPositionsIsRefused() throws {
        var model = try synthetic("gpt2")
        model.metadata.set("gpt2.attention.layer_norm_epsilon", .float32(1e-5))
        model.metadata.set("gpt2.context_length", .uint32(6))
        model.tensors.removeAll { $0.name.contains("ffn_gate") }
        model.add("position_embd.weight", [64, 6])
        for name in ["output_norm"] + (0..<2).flatMap({ ["blk.\($0).attn_norm", "blk.\($0).ffn_norm"] }) {
            model.add("\(name).bias", [64])
        }
        let session = try InferenceSession(try open(model), SessionOptions(context: 8))
        try session.evaluate([1, 2, 3, 4], logitsFor: 0..<0) { _ in }
        #expect {
            try session.evaluate([1, 2, 3], logitsFor: 0..<0) { _ in }
        } throws: { error in
            (error as? InferenceError)?.problem == .positionsUsedUp(needed: 7, count: 6)
        }
    }

    @Test(arguments: ["blk.0.ffn_gate_inp.weight", "blk.1.ffn_down_exps.weight", "output_norm.weight"])
    func weightsThatAreNoNumbersEndGenerationWithAnError(name: String) throws {
        var model = try sparse()
        let index = try #require(model.tensors.firstIndex { $0.name == name })
        for place in model.tensors[index].values.indices { model.tensors[index].values[place] = .nan }
        let session = try InferenceSession(try open(model), SessionOptions(context: 8))
        #expect {
            _ = try Generator(session).generate("a", limit: 4)
        } throws: { error in
            if case .notANumber? = (error as? InferenceError)?.problem { true } else { false }
        }
    }

    @Test func vocabularyIsChecked() throws {
        var model = try synthetic()
        model.metadata.set("tokenizer.ggml.eos_token_id", .uint32(5000))
        #expect(try problem(model) != nil)
        model = try synthetic()
        model.metadata.set("tokenizer.ggml.scores", .array(.float32([1, 2])))
        #expect(try problem(model) != nil)
        model = try synthetic()
        model.metadata.set("tokenizer.ggml.model", .string("rwkv"))
        #expect(try problem(model) == .unsupportedTokenizer("rwkv"))
    }
}
