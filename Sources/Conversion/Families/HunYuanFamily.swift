import BinaryIO
import Foundation
import GGUF

/// HunYuan without experts: norms on queries and keys after RoPE, whose base is increased for long contexts.
struct HunYuanFamily: ModelFamily {
    static let architectures = ["HunYuanDenseV1ForCausalLM"]
    static let ggufName = "hunyuan-dense"
    static let defaults = [
        "eod_token_id": "3", "max_position_embeddings": "2048", "rms_norm_eps": "1e-5", "rope_theta": "10000.0",
        "vocab_size": "290943",
    ]
    static let layerNames = ["self_attn.query_layernorm": "attn_q_norm", "self_attn.key_layernorm": "attn_k_norm"]
    static let preTokenizer: String? = "hunyuan-dense"
    /// The context length of the models, whatever their files say.
    private static let stretchedContext: UInt32 = 262_144

    let config: ModelConfig

    func use(of name: String) throws -> TensorUse {
        if name == "lm_head.weight", config.flag("tie_word_embeddings") == true { return .leftOut }
        return try TensorNames(self).use(of: name)
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        var common = CommonParameters(config, Self.ggufName, fileType: fileType)
        common.countsExperts = false
        try common.write(to: &metadata)
        guard config.ropeType == "dynamic" else { return }
        let base = try config.ropeNumber("rope_theta") ?? 10_000
        let context = try config.requiredInteger("max_position_embeddings")
        guard base == 10_000, [32_768, 262_144].contains(context) else {
            throw ConversionProblem.unsupportedRope("dynamic, with rope_theta \(base) and \(context) positions")
        }
        let length = Double(try config.headLength)
        let alpha = try config.ropeNumber("alpha") ?? 50
        guard length > 2 else {
            throw ConversionProblem.invalidValue(file: ModelConfig.file, key: "head_dim", expected: "3 or more")
        }
        metadata.set("hunyuan-dense.rope.freq_base", .float32(Float(base * pow(alpha, length / (length - 2)))))
        metadata.set("hunyuan-dense.rope.scaling.type", .string("none"))
        metadata.set("hunyuan-dense.rope.scaling.factor", .float32(1))
        metadata.set("hunyuan-dense.rope.scaling.original_context_length", .uint32(Self.stretchedContext))
        metadata.set("hunyuan-dense.context_length", .uint32(Self.stretchedContext))
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        let files = try TokenizerFiles(folder)
        let vocabulary = try ByteLevelVocabulary(files, options: options, familyName: Self.preTokenizer)
        try vocabulary.write(of: files, to: &metadata)
        if let id = try config.isNull("eod_token_id") ? nil : config.integer("eod_token_id") {
            metadata.set("tokenizer.ggml.eos_token_id", .uint32(UInt32(id)))
        }
        let ends = try folder.json("generation_config.json")?["eos_token_id"]?.array ?? []
        if ends.count >= 2, let id = ends[0].integer.flatMap(UInt32.init(exactly:)) {
            metadata.set("tokenizer.ggml.eot_token_id", .uint32(id))
        }
    }
}
