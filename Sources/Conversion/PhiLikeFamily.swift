import BinaryIO
import Foundation
import GGUF

/// A family with Phi-3's hyperparameters: two tables of factors extend the context.
protocol PhiLikeFamily: ModelFamily {}

extension PhiLikeFamily {
    private var originalContextLength: Int {
        get throws {
            if let length = try config.ropeCount("original_max_position_embeddings") { return length }
            // transformers fills it in if the context is extended.
            guard let type = config.ropeType, type != "default" else {
                throw ConversionProblem.missingKey(file: ModelConfig.file, key: "original_max_position_embeddings")
            }
            return try config.requiredCount("max_position_embeddings")
        }
    }

    /// The number of elements of a head that the rotary embedding rotates.
    private var ropeLength: Int {
        get throws {
            let embeddingLength = try config.requiredInteger("hidden_size")
            return Int(try config.rotaryShare() * Double(embeddingLength))
                / (try config.requiredCount("num_attention_heads"))
        }
    }

    func extras() throws -> FamilyExtras {
        guard let long = try config.ropeNumbers("long_factor"), !long.isEmpty else { return FamilyExtras() }
        let count = try ropeLength / 2
        guard let short = try config.ropeNumbers("short_factor"), short.count == long.count, long.count == count
        else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "short_factor",
                expected: "\(count) numbers, as 'long_factor'"
            )
        }
        return FamilyExtras(
            metadata: [("\(Self.ggufName).rope.scaling.attn_factor", .float32(Float(try attentionFactor())))],
            tensors: [
                ("rope_factors_long.weight", long.map(Float.init)),
                ("rope_factors_short.weight", short.map(Float.init)),
            ]
        )
    }

    /// The factor of attention scores for an extended context.
    private func attentionFactor() throws -> Double {
        guard let type = config.ropeType, ["su", "longrope", "yarn"].contains(type) else {
            throw ConversionProblem.unsupportedRope(config.ropeType ?? "unnamed")
        }
        let original = Double(try originalContextLength)
        let scale = Double(try config.requiredInteger("max_position_embeddings")) / original
        return scale > 1 ? (1 + log(scale) / log(original)).squareRoot() : 1
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writePhiParameters(to: &metadata, fileType: fileType)
    }

    func writePhiParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) { metadata.set("\(Self.ggufName).\(key)", .uint32(UInt32(value))) }
        func set(_ key: String, _ value: Double) { metadata.set("\(Self.ggufName).\(key)", .float32(Float(value))) }
        set("context_length", try config.requiredInteger("max_position_embeddings"))
        set("rope.scaling.original_context_length", try originalContextLength)
        set("embedding_length", try config.requiredInteger("hidden_size"))
        set("feed_forward_length", try config.requiredInteger("intermediate_size"))
        set("block_count", try config.layerCount)
        set("attention.head_count", try config.requiredCount("num_attention_heads"))
        set("attention.head_count_kv", try config.keyValueHeadCount)
        set("attention.layer_norm_rms_epsilon", try config.requiredNumber("rms_norm_eps"))
        set("rope.dimension_count", try ropeLength)
        guard let base = try config.ropeNumber("rope_theta") else {
            throw ConversionProblem.missingKey(file: ModelConfig.file, key: "rope_theta")
        }
        set("rope.freq_base", base)
        metadata.set("general.file_type", .uint32(fileType))
        // Written even without a window: zero distinguishes Phi-4 from its predecessors.
        set("attention.sliding_window", try config.integer("sliding_window") ?? 0)
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        let files = try TokenizerFiles(folder)
        if files.settings?["tokenizer_class"]?.string == "GPT2Tokenizer" {
            try ByteLevelVocabulary(files, options: options).write(of: files, to: &metadata)
        } else if try folder.bytes(SentencePieceModel.file) == nil, let pieces = try PiecesInJSON(files) {
            try pieces.write(of: files, to: &metadata)
        } else {
            let vocabulary = try SentencePieceVocabulary(files, marksSpecialLooking: false)
            try vocabulary.write(of: files, to: &metadata)
        }
    }
}
