import GGUF

/// Qwen3-MoE: Qwen3 with experts and no shared one.
struct Qwen3MoEFamily: ModelFamily {
    static let architectures = ["Qwen3MoeForCausalLM"]
    static let ggufName = "qwen3moe"
    static let defaults = Qwen2Family.defaults.merging([
        "moe_intermediate_size": "768", "num_experts": "128", "num_experts_per_tok": "8", "num_key_value_heads": "4",
    ]) { $1 }
    static let layerNames = Qwen3Family.layerNames.merging(["mlp.gate": "ffn_gate_inp"]) { $1 }
    static let experts: ExpertNames? = .projections

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
        let length = try config.requiredInteger("moe_intermediate_size")
        metadata.set("qwen3moe.expert_feed_forward_length", .uint32(UInt32(length)))
    }
}
