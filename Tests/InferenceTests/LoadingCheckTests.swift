import GGUF
import Inference
import SystemPackage
import Tensors
import TestSupport
import Testing

/// What metadata and the table of tensors tell of a model that is not opened.
@Suite struct LoadingCheckTests {
    private let vocabulary: Metadata

    init() throws { vocabulary = try TinyModels().metadata() }

    private func model(_ architecture: String = "llama") throws -> SyntheticModel {
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

    private func problem(_ model: SyntheticModel) -> String? {
        LoadingCheck.problem(
            of: model.metadata,
            model.tensors.compactMap { tensor in
                TensorShape(tensor.shape).flatMap { GGUFTensor(name: tensor.name, type: .f32, shape: $0) }
            }
        )
    }

    /// Other engines may run it, and know which keys it needs.
    @Test func nothingIsKnownAgainstAnArchitectureThatIsNotRunHere() throws {
        var model = try model()
        model.metadata.set("general.architecture", .string("mamba"))
        #expect(problem(model) == nil)
    }

    @Test func nothingIsKnownAgainstASoundModel() throws {
        #expect(problem(try model()) == nil)
        let folder = try ScratchFolder()
        try model().write(to: folder.path.appending("model.gguf"))
        let file = try GGUFFile(path: folder.path.appending("model.gguf"))
        #expect(throws: Never.self) { try LoadingCheck.require(file) }
        #expect(throws: Never.self) { _ = try LanguageModel(file) }
    }

    /// One row more or less than tokens, heads or the network's length: what the check says, loading says.
    @Test(
        arguments: [
            "token_embd.weight", "output.weight", "blk.1.attn_q.weight", "blk.0.attn_k.weight", "blk.1.attn_v.weight",
            "blk.0.ffn_gate.weight", "blk.1.ffn_up.weight",
        ],
        [-1, 1]
    )
    func aRowTooFewOrTooManyIsNamed(_ name: String, _ difference: Int) throws {
        var model = try model()
        let shape = try #require(model.tensors.first { $0.name == name }?.shape)
        model.tensors.removeAll { $0.name == name }
        model.add(name, [shape[0], shape[1] + difference])
        let reason = try #require(problem(model))
        #expect(reason.contains("'\(name)'") && reason.contains("\(shape[1] + difference)"))
        let folder = try ScratchFolder()
        try model.write(to: folder.path.appending("model.gguf"))
        #expect(throws: InferenceError.self) { _ = try LanguageModel(path: folder.path.appending("model.gguf")) }
    }

    @Test func aMissingTensorIsNamed() throws {
        var model = try model()
        model.tensors.removeAll { $0.name == "blk.1.ffn_norm.weight" }
        #expect(problem(model)?.contains("'blk.1.ffn_norm.weight' is missing") == true)
    }

    @Test func aByteLevelVocabularyNeedsItsMerges() throws {
        var model = try model("qwen2")
        model.metadata.set("tokenizer.ggml.model", .string("gpt2"))
        model.metadata.remove("tokenizer.ggml.merges")
        #expect(problem(model)?.contains("tokenizer.ggml.merges") == true)
    }

    @Test func aTokenThatStandsTwiceIsNamed() throws {
        var model = try model()
        var tokens = try vocabulary.strings("tokenizer.ggml.tokens") ?? []
        tokens[300] = tokens[301]
        model.metadata.set("tokenizer.ggml.tokens", .array(.string(tokens)))
        #expect(problem(model)?.contains("have the same text") == true)
    }

    /// Other engines may know what this one does not.
    @Test func whatOnlyThisEngineLacksIsNoReason() throws {
        #expect(problem(try model("mamba")) == nil)
        var biased = try model()
        biased.add("blk.0.attn_rot_embd.weight", [4])
        #expect(problem(biased) == nil)
        var scaled = try model()
        scaled.metadata.set("llama.rope.scaling.type", .string("other"))
        #expect(problem(scaled) == nil)
        var special = try model()
        special.metadata.set("tokenizer.ggml.eos_token_id", .uint32(1_000_000))
        #expect(problem(special) == nil)
    }

    /// The table of one file among several lacks what the others hold.
    @Test func oneFileOfSeveralIsNotJudged() throws {
        var part = try model()
        part.tensors.removeAll { $0.name.hasPrefix("blk.1") }
        part.metadata.set("split.count", .uint16(2))
        #expect(problem(part) == nil)
    }
}
