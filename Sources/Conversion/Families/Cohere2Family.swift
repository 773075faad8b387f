import GGUF

/// Command R7B: one norm before attention and network, and RoPE only in layers with a window.
struct Cohere2Family: ModelFamily {
    static let architectures = ["Cohere2ForCausalLM"]
    static let ggufName = "cohere2"
    static let defaults = [
        "layer_norm_eps": "1e-5", "logit_scale": "0.0625", "max_position_embeddings": "8192", "rope_theta": "10000.0",
        "rotary_pct": "1.0", "sliding_window": "4096", "vocab_size": "256000",
    ]
    static let preTokenizer: String? = "command-r"
    static let tiesEmbeddings = true

    let config: ModelConfig

    func use(of name: String) throws -> TensorUse {
        // Published checkpoints have biases that are zero.
        if name.hasSuffix(".bias") { return .leftOutIfZero }
        return try TensorNames(self).use(of: name)
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        var common = CommonParameters(config, Self.ggufName, fileType: fileType)
        common.headLength = .always
        try common.write(to: &metadata)
        metadata.set("cohere2.logit_scale", .float32(Float(try config.requiredNumber("logit_scale"))))
        metadata.set("cohere2.attention.sliding_window", .uint32(UInt32(try config.requiredInteger("sliding_window"))))
        metadata.set("cohere2.vocab_size", .uint32(UInt32(try config.requiredInteger("vocab_size"))))
        let share = try config.requiredNumber("rotary_pct")
        guard (0...1).contains(share) else {
            throw ConversionProblem.invalidValue(file: ModelConfig.file, key: "rotary_pct", expected: "from 0 to 1")
        }
        let length = try config.requiredInteger("hidden_size") / config.requiredCount("num_attention_heads")
        metadata.set("cohere2.rope.dimension_count", .uint32(UInt32(share * Double(length))))
        metadata.set("cohere2.rope.scaling.type", .string("none"))
    }
}
