import BinaryIO
import GGUF

/// Qwen2-VL and Qwen2.5-VL, of which the part that reads text is kept: Qwen2 with sections of positions.
struct Qwen2VLFamily: ModelFamily {
    static let architectures = [
        "Qwen2VLForConditionalGeneration", "Qwen2_5_VLForConditionalGeneration", "Qwen2VLModel", "Qwen2_5OmniModel",
    ]
    static let ggufName = "qwen2vl"
    static let defaults = [
        "max_position_embeddings": "32768", "num_key_value_heads": "8", "rms_norm_eps": "1e-5",
        "rope_theta": "1000000.0", "vocab_size": "152064",
    ]

    let config: ModelConfig
}

/// Qwen3-VL, of which the part that reads text is kept.
struct Qwen3VLFamily: ModelFamily {
    static let architectures = ["Qwen3VLForConditionalGeneration"]
    static let ggufName = "qwen3vl"
    static let defaults = [
        "head_dim": "128", "max_position_embeddings": "128000", "num_key_value_heads": "32", "rms_norm_eps": "1e-6",
        "rope_theta": "500000.0", "vocab_size": "151936",
    ]
    static let layerNames = Qwen3Family.layerNames

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
        // What is seen enters several layers.
        let indexes = config.json["vision_config"]?["deepstack_visual_indexes"]?.array
        metadata.set("qwen3vl.n_deepstack_layers", .uint32(UInt32(indexes?.count ?? 3)))
    }
}
