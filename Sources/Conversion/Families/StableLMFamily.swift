import GGUF

/// StableLM 2 and StableLM 3B: LayerNorm with biases, RoPE on a part of each head, and in some models a norm for each
/// head.
struct StableLMFamily: ModelFamily {
    static let architectures = ["StableLmForCausalLM", "StableLMEpochForCausalLM"]
    static let ggufName = "stablelm"
    static let defaults = [
        "layer_norm_eps": "1e-5", "max_position_embeddings": "4096", "num_key_value_heads": "32",
        "partial_rotary_factor": "0.25", "use_parallel_residual": "false", "vocab_size": "50304",
    ]
    static let preTokenizer: String? = "stablelm2"

    let config: ModelConfig

    func use(of name: String) throws -> TensorUse {
        let names = TensorNames(self)
        guard let (layer, rest) = try names.split(name) else { return try names.use(of: name) }
        for (module, ggufName) in [("q_layernorm", "attn_q_norm"), ("k_layernorm", "attn_k_norm")] {
            let prefix = "self_attn.\(module).norms."
            guard rest.hasPrefix(prefix), rest.hasSuffix(".weight") else { continue }
            let depth =
                module == "q_layernorm" ? try config.requiredCount("num_attention_heads") : try config.keyValueHeadCount
            guard let head = Int(rest.dropFirst(prefix.count).dropLast(".weight".count)), (0..<depth).contains(head)
            else { throw ConversionProblem.unknownTensor(name) }
            let stack = "blk.\(layer).\(ggufName).weight"
            return .stacked(StackPlace(names: [stack], depth: depth, stack: 0, index: head))
        }
        return try names.use(of: name)
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) { metadata.set("stablelm.\(key)", .uint32(UInt32(value))) }
        let headCount = try config.requiredCount("num_attention_heads")
        let embeddingLength = try config.requiredInteger("hidden_size")
        set("context_length", try config.requiredInteger("max_position_embeddings"))
        set("embedding_length", embeddingLength)
        set("block_count", try config.layerCount)
        set("feed_forward_length", try config.requiredInteger("intermediate_size"))
        set("rope.dimension_count", Int(try config.rotaryShare() * Double(embeddingLength / headCount)))
        set("attention.head_count", headCount)
        set("attention.head_count_kv", try config.keyValueHeadCount)
        metadata.set("stablelm.use_parallel_residual", .bool(config.flag("use_parallel_residual") ?? true))
        let epsilon = try config.requiredNumber("layer_norm_eps")
        metadata.set("stablelm.attention.layer_norm_epsilon", .float32(Float(epsilon)))
        metadata.set("general.file_type", .uint32(fileType))
    }
}
