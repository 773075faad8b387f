import BinaryIO
import GGUF

/// Gemma 4: Gemma 3 with another head length in layers of full attention, layers that share keys and values, and token
/// embeddings for each layer. Of a multimodal model, only the text part.
struct Gemma4Family: Gemma4LikeFamily {
    static let architectures = ["Gemma4ForConditionalGeneration", "Gemma4ForCausalLM"]

    let config: ModelConfig
}

/// The unified Gemma 4, which never generates certain tokens.
struct Gemma4UnifiedFamily: Gemma4LikeFamily {
    static let architectures = ["Gemma4UnifiedForConditionalGeneration"]
    static let defaults = Gemma4Family.defaults.filter { $0.key != "hidden_size_per_layer_input" }
        .merging(["max_position_embeddings": "262144", "sliding_window": "1024"]) { $1 }

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeGemma4Parameters(to: &metadata, fileType: fileType)
        guard let entries = config.generation?["suppress_tokens"]?.array else { return }
        let tokens = entries.compactMap { $0.integer.flatMap(Int32.init(exactly:)) }
        guard tokens.count == entries.count else {
            throw ConversionProblem.invalidValue(
                file: "generation_config.json",
                key: "suppress_tokens",
                expected: "a list of token ids"
            )
        }
        metadata.set("tokenizer.ggml.suppress_tokens", .array(.int32(tokens)))
    }
}
