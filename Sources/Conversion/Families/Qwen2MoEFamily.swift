import GGUF

/// Qwen2-MoE and Qwen1.5-MoE: Qwen2 with experts and a shared one.
struct Qwen2MoEFamily: ModelFamily {
    static let architectures = ["Qwen2MoeForCausalLM"]
    static let ggufName = "qwen2moe"
    static let defaults = Qwen2Family.defaults.merging([
        "moe_intermediate_size": "1408", "num_experts": "60", "num_experts_per_tok": "4", "num_key_value_heads": "16",
        "shared_expert_intermediate_size": "5632",
    ]) { $1 }
    static let layerNames = [
        "mlp.gate": "ffn_gate_inp", "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
        "mlp.shared_expert.gate_proj": "ffn_gate_shexp", "mlp.shared_expert.up_proj": "ffn_up_shexp",
        "mlp.shared_expert.down_proj": "ffn_down_shexp",
    ]
    static let experts: ExpertNames? = .projections

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
        let length = try config.requiredInteger("moe_intermediate_size")
        metadata.set("qwen2moe.expert_feed_forward_length", .uint32(UInt32(length)))
        let shared = try config.requiredInteger("shared_expert_intermediate_size")
        metadata.set("qwen2moe.expert_shared_feed_forward_length", .uint32(UInt32(shared)))
    }
}
