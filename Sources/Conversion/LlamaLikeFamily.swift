import BinaryIO
import GGUF

/// A family built like Llama: rows of queries and keys reordered for "normal" RoPE, and Llama's vocabularies.
protocol LlamaLikeFamily: ModelFamily {
    static var headLength: CommonParameters.HeadLength { get }
}

extension LlamaLikeFamily {
    func extras() throws -> FamilyExtras {
        FamilyExtras(tensors: try Llama3Factors.read(config).map { [("rope_freqs.weight", $0)] } ?? [])
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeLlamaParameters(to: &metadata, fileType: fileType)
    }

    func writeLlamaParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        var common = CommonParameters(config, Self.ggufName, fileType: fileType)
        common.headLength = Self.headLength
        try common.write(to: &metadata)
        let vocabulary = try config.requiredInteger("vocab_size")
        metadata.set("\(Self.ggufName).vocab_size", .uint32(UInt32(vocabulary)))
        let ropeLength =
            Self.headLength == .never
            ? try config.requiredInteger("hidden_size") / config.requiredCount("num_attention_heads")
            : try config.headLength
        metadata.set("\(Self.ggufName).rope.dimension_count", .uint32(UInt32(ropeLength)))
    }

    func edit(of name: String) throws -> TensorEdit { try llamaEdit(of: name) }

    /// Queries and keys in the order that "normal" RoPE expects.
    func llamaEdit(of name: String) throws -> TensorEdit {
        let base = name.split(separator: ".").dropLast().last
        if base == "q_proj" {
            return TensorEdit(order: .interleavedHalves(headCount: try config.requiredCount("num_attention_heads")))
        }
        if base == "k_proj" {
            return TensorEdit(order: .interleavedHalves(headCount: try config.keyValueHeadCount))
        }
        return TensorEdit()
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        let settings = try folder.json("tokenizer_config.json")
        if let prefix = settings?["add_prefix_space"]?.bool {
            metadata.set("tokenizer.ggml.add_space_prefix", .bool(prefix))
        }
        try Vocabularies.write(of: folder, to: &metadata, options: options, preTokenizer: Self.preTokenizer)
        switch try config.integer("vocab_size") {
        case 32_016: metadata.set("tokenizer.ggml.eot_token_id", .uint32(32_010))  // Code Llama's end of an infill
        case 49_152: metadata.set("tokenizer.ggml.add_bos_token", .bool(false))
        default: break
        }
    }
}
