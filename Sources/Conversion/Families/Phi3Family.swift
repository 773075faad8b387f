import BinaryIO
import Foundation
import GGUF

/// Phi-3 and Phi-3.5 mini: one tensor for query, key and value, one for gate and up projection.
struct Phi3Family: ModelFamily {
    static let architectures = ["Phi3ForCausalLM"]
    static let ggufName = "phi3"

    private let config: ModelConfig
    let layerCount: Int
    private let embeddingLength: Int
    private let headCount: Int
    private let ropeLength: Int
    private let contextLength: Int
    private let originalContextLength: Int

    init(_ config: ModelConfig) throws {
        self.config = config
        layerCount = try config.requiredInteger("num_hidden_layers")
        embeddingLength = try config.requiredInteger("hidden_size")
        headCount = try config.requiredCount("num_attention_heads")
        contextLength = try config.requiredInteger("max_position_embeddings")
        guard let original = try config.ropeCount("original_max_position_embeddings") else {
            throw ConversionProblem.missingKey(file: ModelConfig.file, key: "original_max_position_embeddings")
        }
        originalContextLength = original
        let rotated = try config.ropeNumber("partial_rotary_factor") ?? 1
        guard (0...1).contains(rotated) else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "partial_rotary_factor",
                expected: "from 0 to 1"
            )
        }
        ropeLength = Int(rotated * Double(embeddingLength)) / headCount
    }

    func extras() throws -> FamilyExtras {
        guard let long = try config.ropeNumbers("long_factor"), !long.isEmpty else { return FamilyExtras() }
        guard let short = try config.ropeNumbers("short_factor"), short.count == long.count,
            long.count * 2 == ropeLength
        else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "short_factor",
                expected: "\(ropeLength / 2) numbers, as 'long_factor'"
            )
        }
        return FamilyExtras(
            metadata: [("phi3.rope.scaling.attn_factor", .float32(Float(try attentionFactor())))],
            tensors: [
                ("rope_factors_long.weight", long.map(Float.init)),
                ("rope_factors_short.weight", short.map(Float.init)),
            ]
        )
    }

    /// How much attention scores grow where the context was extended.
    private func attentionFactor() throws -> Double {
        let scale = Double(contextLength) / Double(originalContextLength)
        switch config.ropeType {
        case "su", "longrope":
            return scale > 1 ? (1 + log(scale) / log(Double(originalContextLength))).squareRoot() : 1
        case "yarn":
            return scale > 1 ? 0.1 * log(scale) + 1 : 1
        case let type:
            throw ConversionProblem.unsupportedRope(type ?? "unnamed")
        }
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) { metadata.set("phi3.\(key)", .uint32(UInt32(value))) }
        set("context_length", contextLength)
        set("rope.scaling.original_context_length", originalContextLength)
        set("embedding_length", embeddingLength)
        set("feed_forward_length", try config.requiredInteger("intermediate_size"))
        set("block_count", layerCount)
        set("attention.head_count", headCount)
        set("attention.head_count_kv", try config.integer("num_key_value_heads") ?? headCount)
        guard let epsilon = try config.number("rms_norm_eps") else {
            throw ConversionProblem.missingKey(file: ModelConfig.file, key: "rms_norm_eps")
        }
        metadata.set("phi3.attention.layer_norm_rms_epsilon", .float32(Float(epsilon)))
        set("rope.dimension_count", ropeLength)
        guard let base = try config.ropeNumber("rope_theta") else {
            throw ConversionProblem.missingKey(file: ModelConfig.file, key: "rope_theta")
        }
        metadata.set("phi3.rope.freq_base", .float32(Float(base)))
        metadata.set("general.file_type", .uint32(fileType))
        // Written even where there is none: zero tells Phi-4 from its predecessors.
        set("attention.sliding_window", try config.integer("sliding_window") ?? 0)
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        let settings = try folder.json("tokenizer_config.json")
        if settings?["tokenizer_class"]?.string == "GPT2Tokenizer" {
            try ByteLevelVocabulary(folder, options: options).write(of: folder, to: &metadata)
        } else {
            let vocabulary = try SentencePieceVocabulary(folder, marksSpecialLooking: false)
            try vocabulary.write(of: folder, to: &metadata)
        }
    }
}
