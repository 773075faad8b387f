/// Llama 1 to 3 and the models built like them, SmolLM2 among them.
struct LlamaFamily: LlamaLikeFamily {
    static let architectures = [
        "LlamaForCausalLM", "LLaMAForCausalLM", "LlamaModel", "IQuestCoderForCausalLM",
        "LlavaForConditionalGeneration", "VLlama3ForCausalLM", "VoxtralForConditionalGeneration",
    ]
    static let ggufName = "llama"
    static let defaults = [
        "max_position_embeddings": "2048", "rms_norm_eps": "1e-6", "rope_theta": "10000.0", "vocab_size": "32000",
    ]
    static let headLength = CommonParameters.HeadLength.always

    let config: ModelConfig
}
