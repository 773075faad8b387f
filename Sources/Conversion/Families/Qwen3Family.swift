/// Qwen3: Qwen2 with norms on queries and keys instead of biases.
struct Qwen3Family: ModelFamily {
    static let architectures = ["Qwen3ForCausalLM", "Qwen3Model"]
    static let ggufName = "qwen3"
    static let readsPooling = true
    static let defaults = Qwen2Family.defaults.merging(["head_dim": "128"]) { $1 }
    static let layerNames = ["self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm"]

    let config: ModelConfig
}
