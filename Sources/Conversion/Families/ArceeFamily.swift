/// Arcee: Llama with a squared ReLU instead of a gate.
struct ArceeFamily: LlamaLikeFamily {
    static let architectures = ["ArceeForCausalLM"]
    static let ggufName = "arcee"
    static let defaults = [
        "max_position_embeddings": "4096", "rms_norm_eps": "1e-5", "rope_theta": "10000.0", "vocab_size": "32000",
    ]
    static let headLength = CommonParameters.HeadLength.always

    let config: ModelConfig
}
