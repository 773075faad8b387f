/// Mixtral: Mistral with experts.
struct MixtralFamily: LlamaLikeFamily {
    static let architectures = ["MixtralForCausalLM"]
    static let ggufName = "llama"
    static let defaults = [
        "max_position_embeddings": "131072", "num_experts_per_tok": "2", "num_key_value_heads": "8",
        "num_local_experts": "8", "rms_norm_eps": "1e-5", "rope_theta": "1000000.0", "vocab_size": "32000",
    ]
    static let layerNames = ["block_sparse_moe.gate": "ffn_gate_inp"]
    static let experts: ExpertNames? = .numbered
    static let headLength = CommonParameters.HeadLength.whereGiven

    let config: ModelConfig
}
