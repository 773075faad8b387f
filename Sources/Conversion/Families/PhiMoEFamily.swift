import GGUF

/// Phi-3.5-MoE: Phi-3's hyperparameters, separate projections, and experts.
struct PhiMoEFamily: PhiLikeFamily {
    static let architectures = ["PhiMoEForCausalLM", "PhimoeForCausalLM"]
    static let ggufName = "phimoe"
    static let defaults = [
        "max_position_embeddings": "131072", "num_experts_per_tok": "2", "num_key_value_heads": "8",
        "num_local_experts": "16", "rms_norm_eps": "1e-5", "rope_theta": "1000000.0", "vocab_size": "32064",
    ]
    static let layerNames = ["block_sparse_moe.gate": "ffn_gate_inp"]
    static let experts: ExpertNames? = .numbered

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writePhiParameters(to: &metadata, fileType: fileType)
        let used = try config.requiredInteger("num_experts_per_tok", "num_experts_per_token")
        metadata.set("phimoe.expert_used_count", .uint32(UInt32(used)))
        let count = try config.requiredInteger("num_local_experts", "num_experts")
        metadata.set("phimoe.expert_count", .uint32(UInt32(count)))
    }
}
