import BinaryIO
import GGUF

/// The config.json of a model of which only a GGUF file is left, reconstructed as far as the names of tensors and the
/// order of rows depend on it.
struct FileConfig {
    private let metadata: Metadata
    private let architecture: String
    private let isTied: Bool

    /// - Parameter isTied: whether the file has no separate output matrix.
    init(_ metadata: Metadata, _ architecture: String, isTied: Bool) {
        (self.metadata, self.architecture, self.isTied) = (metadata, architecture, isTied)
    }

    /// The settings under the names that families read.
    /// - Parameter className: one of the family's class names.
    /// - Throws: `ConversionProblem`, `GGUFProblem`.
    func config(for className: String) throws -> ModelConfig {
        var config = try ModelConfig(JSONValue(parsing: Array(try text(className).utf8)))
        config.predictorCount = try integer("nextn_predict_layers") ?? 0
        return config
    }

    private func text(_ className: String) throws -> String {
        var members = ["architectures": "[\"\(className)\"]", "tie_word_embeddings": "\(isTied)"]
        for (names, value) in try numbers() {
            guard let value else { continue }
            for name in names { members[name] = "\(value)" }
        }
        if let words = try layerTypes() { members["layer_types"] = words }
        if let letters = try layerPattern() { members["hybrid_override_pattern"] = letters }
        // Encoders with other settings cannot be converted, so the file's model has these.
        members.merge(Self.ofPlainEncoders) { $1 }
        return "{\(members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ","))}"
    }

    private static let ofPlainEncoders = [
        "activation_function": #""swiglu""#, "causal": "false", "qkv_proj_bias": "false", "mlp_fc1_bias": "false",
        "mlp_fc2_bias": "false", "prenorm": "false", "rotary_emb_interleaved": "false", "rotary_emb_fraction": "1",
        "n_positions": "2048",
    ]

    private func numbers() throws -> [([String], Int?)] {
        let layers = try integer("block_count").map { $0 - ((try? integer("nextn_predict_layers")) ?? 0) }
        let heads = try largest("attention.head_count")
        let experts = try integer("expert_count").flatMap { $0 > 0 ? $0 : nil }
        let states = try integer("ssm.time_step_rank").flatMap { $0 > 0 ? $0 : nil }
        let inner = try integer("ssm.inner_size")
        return [
            (["num_hidden_layers", "n_layer"], layers.map { max(0, $0) }),
            (["num_attention_heads", "n_head"], heads),
            (["num_key_value_heads"], try largest("attention.head_count_kv") ?? heads),
            (["hidden_size", "n_embd"], try integer("embedding_length")),
            (["head_dim"], try integer("attention.key_length")),
            (["num_experts", "num_local_experts", "moe_num_experts"], experts),
            (["num_experts_per_tok"], experts == nil ? nil : try integer("expert_used_count")),
            (["shared_intermediate_size"], try integer("expert_shared_feed_forward_length")),
            (["linear_num_key_heads", "mamba_n_groups", "n_groups"], try integer("ssm.group_count")),
            (["linear_key_head_dim"], try integer("ssm.state_size")),
            (["linear_num_value_heads"], states),
            (["linear_value_head_dim"], states.flatMap { states in inner.map { $0 / states } }),
            (["vocab_size"], try metadata.strings("tokenizer.ggml.tokens")?.count),
        ]
    }

    private func integer(_ key: String) throws -> Int? {
        guard case .array? = metadata["\(architecture).\(key)"] else {
            return try metadata.integer("\(architecture).\(key)")
        }
        return nil
    }

    /// The number for all layers; the largest if each layer has its own.
    private func largest(_ key: String) throws -> Int? {
        guard case .array? = metadata["\(architecture).\(key)"] else { return try integer(key) }
        return try metadata.integers("\(architecture).\(key)")?.max()
    }

    /// The layers with attention; nil if the file does not distinguish them.
    private func attends() throws -> [Bool]? {
        let key = "\(architecture).attention.head_count_kv"
        guard case .array? = metadata[key] else { return nil }
        return try metadata.integers(key)?.map { $0 > 0 }
    }

    private func layerTypes() throws -> String? {
        guard architecture.hasPrefix("granite"), let attends = try attends() else { return nil }
        return "[\(attends.map { $0 ? #""attention""# : #""mamba""# }.joined(separator: ","))]"
    }

    private func layerPattern() throws -> String? {
        let key = "\(architecture).feed_forward_length"
        guard let attends = try attends(), case .array? = metadata[key],
            let widths = try metadata.integers(key), widths.count == attends.count
        else { return nil }
        return "\"\(String(zip(attends, widths).map { $0 ? "*" : $1 > 0 ? "-" : "M" as Character }))\""
    }
}
