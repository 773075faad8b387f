import BinaryIO
import GGUF

/// A family of Gemma 4, whose norm weights are stored unchanged.
protocol Gemma4LikeFamily: GemmaLikeFamily {}

extension Gemma4LikeFamily {
    static var ggufName: String { "gemma4" }
    static var defaults: [String: String] {
        [
            "head_dim": "256", "hidden_size_per_layer_input": "256", "max_position_embeddings": "131072",
            "num_attention_heads": "8", "num_key_value_heads": "4", "num_kv_shared_layers": "0", "rms_norm_eps": "1e-6",
            "rope_parameters": """
            {"full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.25, "rope_theta": 1000000.0},
             "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}
            """,
            "sliding_window": "512", "vocab_size": "262144",
        ]
    }
    static var layerNames: [String: String] {
        Gemma3Family.layerNames.merging([
            "layer_scalar": "layer_output_scale", "per_layer_input_gate": "inp_gate", "per_layer_projection": "proj",
            "post_per_layer_input_norm": "post_norm", "router.proj": "ffn_gate_inp",
            "experts.gate_up_proj": "ffn_gate_up_exps", "experts.down_proj": "ffn_down_exps",
            "pre_feedforward_layernorm_2": "pre_ffw_norm_2", "post_feedforward_layernorm_1": "post_ffw_norm_1",
            "post_feedforward_layernorm_2": "post_ffw_norm_2",
        ]) { $1 }
    }
    static var outsideNames: [String: String] {
        [
            "model.embed_tokens_per_layer": "per_layer_token_embd",
            "model.per_layer_model_projection": "per_layer_model_proj",
            "model.per_layer_projection_norm": "per_layer_proj_norm",
        ]
    }

    func use(of name: String) throws -> TensorUse {
        if name == "lm_head.weight" { return .leftOut }
        let names = TensorNames(self)
        // These have separate names in GGUF.
        let scales = ["router.scale": "ffn_gate_inp", "router.per_expert_scale": "ffn_down_exps"]
        if let (layer, rest) = try names.split(name), let scaled = scales[rest] {
            return .tensors([.init(name: "blk.\(layer).\(scaled).scale")])
        }
        let isBare = name.hasSuffix(".layer_scalar") || (name.contains(".experts.") && !name.hasSuffix(".weight"))
        return try names.use(of: isBare ? name + ".weight" : name)
    }

    func edit(of name: String) -> TensorEdit { TensorEdit() }

    /// Cuts off rows without a token.
    func keptRows(of name: String, _ rows: Int, in folder: HuggingFaceFolder) throws -> Int {
        guard name.hasSuffix("embed_tokens.weight") else { return rows }
        let isSentencePiece = try folder.bytes(SentencePieceModel.file) != nil
        return min(rows, try tokenCount(in: folder, isSentencePiece: isSentencePiece))
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        let files = try TokenizerFiles(folder)
        try CharacterPairVocabulary(files).write(of: files, to: &metadata)
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeGemma4Parameters(to: &metadata, fileType: fileType)
    }

    /// The factors of the pairs in layers of full attention: those that do not rotate get a divisor so large that they
    /// stay in place.
    func extras() throws -> FamilyExtras {
        guard config.ropeType == "proportional" else {
            throw ConversionProblem.unsupportedRope(config.ropeType ?? "none")
        }
        let pairs = try Gemma4Layers(config).fullHeadLength / 2
        let rotated = Int(Double(pairs * 2) * (try config.rotaryShare()) / 2)
        let factors = (0..<pairs).map { $0 < rotated ? Float(1) : 1e30 }
        return FamilyExtras(tensors: [("rope_freqs.weight", factors)])
    }

    func writeGemma4Parameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) { metadata.set("gemma4.\(key)", .uint32(UInt32(clamping: value))) }
        func set(_ key: String, _ values: [Int]) {
            metadata.set("gemma4.\(key)", .array(.int32(values.map(Int32.init(clamping:)))))
        }
        try refuseBothDirections()
        let layers = try Gemma4Layers(config)
        var common = CommonParameters(config, Self.ggufName, fileType: fileType)
        // The factors are a tensor.
        common.ropeOfTensors = "proportional"
        try common.write(to: &metadata)
        if let limit = try config.number("final_logit_softcapping"), limit != 0 {
            metadata.set("gemma4.final_logit_softcapping", .float32(Float(limit)))
        }
        if try config.integer("sliding_window_pattern") != 1 {
            set("attention.sliding_window", try config.requiredInteger("sliding_window"))
        }
        set("attention.shared_kv_layers", layers.sharedCount)
        set("embedding_length_per_layer_input", try config.integer("hidden_size_per_layer_input") ?? 0)
        metadata.set("gemma4.attention.sliding_window_pattern", .array(.bool(layers.slide)))
        set("attention.key_length", layers.fullHeadLength)
        set("attention.value_length", layers.fullHeadLength)
        set("attention.key_length_swa", layers.headLength)
        set("attention.value_length_swa", layers.headLength)
        if let length = try config.integer("expert_intermediate_size", "moe_intermediate_size") {
            set("expert_feed_forward_length", length)
        }
        if let lengths = try layers.feedForwardLengths(config) { set("feed_forward_length", lengths) }
        if let counts = try layers.keyValueHeadCounts(config) { set("attention.head_count_kv", counts) }
        set("rope.dimension_count", layers.fullHeadLength)
        set("rope.dimension_count_swa", layers.headLength)
    }
}
