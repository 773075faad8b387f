import GGUF

/// Qwen3.5: gated delta rules in most layers, gated attention in the others. Of a multimodal model, only the text part.
struct Qwen35Family: RecurrentQwenFamily {
    static let architectures = ["Qwen3_5ForConditionalGeneration", "Qwen3_5ForCausalLM"]
    static let ggufName = "qwen35"
    static let defaults = recurrentDefaults.merging([
        "linear_num_value_heads": "32", "num_attention_heads": "16", "num_key_value_heads": "4",
    ]) { $1 }

    let config: ModelConfig
}

/// Qwen3.5 with experts and a shared one.
struct Qwen35MoEFamily: RecurrentQwenFamily {
    static let architectures = ["Qwen3_5MoeForConditionalGeneration", "Qwen3_5MoeForCausalLM"]
    static let ggufName = "qwen35moe"
    static let defaults = recurrentDefaults.merging([
        "linear_num_value_heads": "32", "moe_intermediate_size": "512", "num_attention_heads": "16",
        "num_experts": "256", "num_experts_per_tok": "8", "num_key_value_heads": "2",
        "shared_expert_intermediate_size": "512",
    ]) { $1 }
    static let experts: ExpertNames? = .projections

    let config: ModelConfig
}
