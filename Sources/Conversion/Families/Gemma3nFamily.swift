import BinaryIO
import GGUF

/// Gemma 3n: several streams of hidden states that correct each other (AltUp), token embeddings for each layer, and
/// sparse networks in the first layers. Of a multimodal model, only the text part.
struct Gemma3nFamily: GemmaLikeFamily {
    static let architectures = ["Gemma3nForCausalLM", "Gemma3nForConditionalGeneration"]
    static let ggufName = "gemma3n"
    static let defaults = [
        "activation_sparsity_pattern": "[]", "altup_active_idx": "0", "altup_num_inputs": "4",
        "final_logit_softcapping": "30.0", "head_dim": "256", "hidden_size_per_layer_input": "256",
        "max_position_embeddings": "32768", "num_attention_heads": "8", "num_key_value_heads": "2",
        "num_kv_shared_layers": "15", "rms_norm_eps": "1e-6", "rope_local_base_freq": "10000.0",
        "rope_theta": "1000000.0", "sliding_window": "512", "vocab_size": "262400",
    ]
    static let layerNames = Gemma4Family.layerNames.merging([
        "altup.correct_output_scale": "altup_correct_scale", "altup.correction_coefs": "altup_correct_coef",
        "altup.prediction_coefs": "altup_predict_coef", "altup.modality_router": "altup_router",
        "altup.router_norm": "altup_router_norm", "laurel.linear_left": "laurel_l", "laurel.linear_right": "laurel_r",
        "laurel.post_laurel_norm": "laurel_post_norm",
    ]) { $1 }
    static let outsideNames = Gemma4Family.outsideNames

    /// The number of streams beside the one that layers work on; no other number is supported.
    private static let otherStreams = 3

    let config: ModelConfig

    /// - Throws: `ConversionProblem` for another number of streams.
    init(config: ModelConfig) throws {
        self.config = config
        guard try config.integer("altup_num_inputs") == Self.otherStreams + 1 else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "altup_num_inputs",
                expected: "\(Self.otherStreams + 1)"
            )
        }
    }

    func use(of name: String) throws -> TensorUse {
        if name == "lm_head.weight" { return .leftOut }
        for (module, stack) in [
            ("altup_projections", "altup_proj"), ("altup_unembed_projections", "altup_unembd_proj"),
        ] {
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 4, parts[0] == "model", parts[1] == module, parts[3] == "weight" else { continue }
            guard let index = Int(parts[2]), (0..<Self.otherStreams).contains(index) else {
                throw ConversionProblem.unknownTensor(name)
            }
            let names = ["\(stack).weight"]
            return .stacked(StackPlace(names: names, depth: Self.otherStreams, stack: 0, index: index))
        }
        return try TensorNames(self).use(of: name.hasSuffix("_scale") ? name + ".weight" : name)
    }

    func edit(of name: String) -> TensorEdit { TensorEdit() }

    /// Tokens that stand for pictures and sounds have zero embeddings.
    func keptRows(of name: String, _ rows: Int, in folder: HuggingFaceFolder) throws -> Int {
        guard name.hasSuffix("embed_tokens.weight") || name.hasSuffix("embed_tokens_per_layer.weight") else {
            return rows
        }
        return max(rows, try config.requiredCount("vocab_size"))
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try writeGemma3Vocabulary(of: folder, to: &metadata, options: options)
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) { metadata.set("gemma3n.\(key)", .uint32(UInt32(clamping: value))) }
        let count = try config.requiredCount("num_hidden_layers")
        var common = CommonParameters(config, Self.ggufName, fileType: fileType)
        common.feedForwardLengths = try feedForwardLengths(count)
        try common.write(to: &metadata)
        if let limit = try config.number("final_logit_softcapping"), limit != 0 {
            metadata.set("gemma3n.final_logit_softcapping", .float32(Float(limit)))
        }
        set("attention.sliding_window", try config.requiredInteger("sliding_window"))
        set("altup.active_idx", try config.requiredInteger("altup_active_idx"))
        set("altup.num_inputs", try config.requiredInteger("altup_num_inputs"))
        set("embedding_length_per_layer_input", try config.requiredInteger("hidden_size_per_layer_input"))
        set("attention.shared_kv_layers", try config.requiredInteger("num_kv_shared_layers"))
        let scales = try sparsities(count).map { NormalQuantile.value(at: Float($0)) }
        metadata.set("gemma3n.activation_sparsity_scale", .array(.float32(scales)))
        metadata.set("gemma3n.attention.sliding_window_pattern", .array(.bool(try slides(count))))
    }

    /// The width of each layer's network; config.json may give one for all.
    private func feedForwardLengths(_ count: Int) throws -> [Int] {
        let key = "intermediate_size"
        guard let lengths = config.integers(key) else {
            return Array(repeating: try config.requiredInteger(key), count: count)
        }
        guard lengths.count == count, lengths.allSatisfy({ (0...Int(Int32.max)).contains($0) }) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: key,
                expected: "a whole number for each of \(count) layers"
            )
        }
        return lengths
    }

    /// The fraction of each layer's activations that is cut off; the class's own numbers if config.json has none.
    private func sparsities(_ count: Int) throws -> [Double] {
        let key = "activation_sparsity_pattern"
        guard try config.requiredNumbers(key).isEmpty else { return try config.requiredNumbers(key, count: count) }
        return (0..<count).map { count > 10 && $0 < 10 ? 0.95 : 0 }
    }

    private func slides(_ count: Int) throws -> [Bool] {
        guard let types = config.strings("layer_types") else { return (0..<count).map { !($0 + 1).isMultiple(of: 5) } }
        guard types.count == count else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "layer_types",
                expected: "one name for each of \(count) layers"
            )
        }
        return types.map { $0 == "sliding_attention" }
    }
}
