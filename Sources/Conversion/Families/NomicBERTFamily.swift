import BinaryIO
import GGUF

/// Nomic's BERT: rotary embeddings instead of learned positions, and gated networks instead of plain ones.
struct NomicBERTFamily: EncoderFamily {
    static let architectures = ["NomicBertModel"]
    static let ggufName = "nomic-bert"
    static let defaults: [String: String] = [:]
    static let layerNames = [
        "attn.Wqkv": "attn_qkv", "attn.out_proj": "attn_output",
        "norm1": "attn_output_norm", "norm2": "layer_output_norm",
        "mlp.fc11": "ffn_up", "mlp.fc12": "ffn_gate", "mlp.fc2": "ffn_down",
    ]
    static let outsideNames = [
        "embeddings.word_embeddings": "token_embd", "embeddings.token_type_embeddings": "token_types",
        "emb_ln": "token_embd_norm",
    ]
    static let holders = ["bert."]
    static let droppedNames = BERTFamily.droppedNames

    /// The trained context lengths of the published models, by the number of positions in their files.
    private static let trainedContexts = [8192: 2048, 2048: 512]

    let config: ModelConfig
    private let trainedContext: Int

    /// - Throws: `ConversionProblem` for settings that the reference does not convert.
    init(config: ModelConfig) throws {
        func require(_ key: String, _ isRight: Bool, _ expected: String) throws {
            guard isRight else {
                throw ConversionProblem.invalidValue(file: ModelConfig.file, key: key, expected: expected)
            }
        }
        let period = try config.integer("moe_every_n_layers") ?? 0
        try require("moe_every_n_layers", period == 0, "0: mixtures are not converted;")
        try require("max_trained_positions", try (config.integer("max_trained_positions") ?? 2048) == 2048, "2048")
        let positions = try config.requiredInteger("n_positions")
        guard let trained = Self.trainedContexts[positions] else {
            throw ConversionProblem.invalidValue(file: ModelConfig.file, key: "n_positions", expected: "8192 or 2048")
        }
        try require("activation_function", config.string("activation_function") == "swiglu", "swiglu")
        for key in ["causal", "qkv_proj_bias", "mlp_fc1_bias", "mlp_fc2_bias", "prenorm", "rotary_emb_interleaved"] {
            try require(key, config.flag(key) == false, "false")
        }
        try require("rotary_emb_fraction", try config.number("rotary_emb_fraction") == 1, "1")
        self.config = config
        trainedContext = trained
    }

    func contextLength() throws -> Int? { trainedContext }
}
