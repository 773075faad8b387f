import GGUF

/// The hyperparameters that most families write, in the reference converter's order.
enum CommonParameters {
    /// - Parameter keyLength: length of a key head, where the family writes it.
    static func write(
        _ config: ModelConfig,
        layerCount: Int,
        keyLength: Int?,
        _ prefix: String,
        to metadata: inout Metadata
    ) throws {
        func set(_ key: String, _ value: Int?) {
            if let value { metadata.set("\(prefix).\(key)", .uint32(UInt32(value))) }
        }
        func set(_ key: String, _ value: Double?) {
            if let value { metadata.set("\(prefix).\(key)", .float32(Float(value))) }
        }
        set("block_count", layerCount)
        set("context_length", try config.integer("max_position_embeddings", "n_ctx", "n_positions", "max_length"))
        set("embedding_length", try config.integer("hidden_size", "n_embd", "dim"))
        set("feed_forward_length", try config.integer("intermediate_size", "n_inner", "hidden_dim"))
        let headCount = try config.integer("num_attention_heads", "n_head", "n_heads")
        set("attention.head_count", headCount)
        set("attention.head_count_kv", try config.integer("num_key_value_heads", "n_kv_heads") ?? headCount)
        try writeRopeScaling(config, prefix, to: &metadata)
        set("rope.freq_base", try config.ropeNumber("rope_theta"))
        set("attention.layer_norm_rms_epsilon", try config.number("rms_norm_eps", "norm_eps"))
        set("attention.key_length", keyLength)
        set("attention.value_length", keyLength)
    }

    private static func writeRopeScaling(
        _ config: ModelConfig,
        _ prefix: String,
        to metadata: inout Metadata
    ) throws {
        let factor = try config.ropeNumber("factor")
        switch (config.ropeType, factor) {
        case (nil, _), ("default", _), ("llama3", _):
            break
        case ("linear", let factor?):
            metadata.set("\(prefix).rope.scaling.type", .string("linear"))
            metadata.set("\(prefix).rope.scaling.factor", .float32(Float(factor)))
        case ("yarn", let factor?):
            guard let original = try config.ropeCount("original_max_position_embeddings") else {
                throw ConversionProblem.missingKey(file: ModelConfig.file, key: "original_max_position_embeddings")
            }
            metadata.set("\(prefix).rope.scaling.type", .string("yarn"))
            metadata.set("\(prefix).rope.scaling.factor", .float32(Float(factor)))
            metadata.set("\(prefix).rope.scaling.original_context_length", .uint32(UInt32(original)))
        case (let type?, _):
            throw ConversionProblem.unsupportedRope(type)
        }
    }
}
