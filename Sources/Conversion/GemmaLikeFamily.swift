import BinaryIO
import GGUF

/// A family built like Gemma: checkpoints store norm weights minus one, and the output uses the embeddings.
protocol GemmaLikeFamily: ModelFamily {}

extension GemmaLikeFamily {
    static var tiesEmbeddings: Bool { true }

    func use(of name: String) throws -> TensorUse {
        // Some quantizers write the embeddings twice.
        name == "lm_head.weight" ? .leftOut : try TensorNames(self).use(of: name)
    }

    func edit(of name: String) -> TensorEdit {
        TensorEdit(shift: name.hasSuffix("norm.weight") ? 1 : 0)
    }

    /// Rejects models with bidirectional attention, which engines do not support in this family.
    /// - Throws: `ConversionProblem` if all tokens attend to later ones; in Gemma 4, those of a picture may.
    func refuseBothDirections() throws {
        let key = "use_bidirectional_attention"
        guard config.flag(key) == true || config.string(key) == "all" else { return }
        throw ConversionProblem.invalidValue(
            file: ModelConfig.file,
            key: key,
            expected: "false, since engines run this family with causal attention,"
        )
    }

    /// Writes the hyperparameters of the first two generations.
    func writeEarlyParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        func set(_ key: String, _ value: Int) { metadata.set("\(Self.ggufName).\(key)", .uint32(UInt32(value))) }
        try refuseBothDirections()
        set("context_length", try config.requiredInteger("max_position_embeddings"))
        set("embedding_length", try config.requiredInteger("hidden_size"))
        set("block_count", try config.layerCount)
        set("feed_forward_length", try config.requiredInteger("intermediate_size"))
        set("attention.head_count", try config.requiredInteger("num_attention_heads"))
        set("attention.head_count_kv", try config.keyValueHeadCount)
        let epsilon = try config.requiredNumber("rms_norm_eps")
        metadata.set("\(Self.ggufName).attention.layer_norm_rms_epsilon", .float32(Float(epsilon)))
        set("attention.key_length", try config.headLength)
        set("attention.value_length", try config.headLength)
        metadata.set("general.file_type", .uint32(fileType))
    }

    /// The number of rows of the embeddings that have a token, at least one.
    /// - Parameter isSentencePiece: whether the vocabulary is SentencePiece's, whose size config.json gives.
    func tokenCount(in folder: HuggingFaceFolder, isSentencePiece: Bool) throws -> Int {
        if isSentencePiece { return try config.requiredCount("vocab_size") }
        let tokenizer = try folder.json("tokenizer.json")
        let count = tokenizer?["model"]?["vocab"]?.object?.members.count ?? 0
        return max(count + (tokenizer?["added_tokens"]?.array?.count ?? 0), 1)
    }

    /// The number of rows of an embedding that have a token; all rows of other tensors.
    func rowsOfTokens(of name: String, _ rows: Int, in folder: HuggingFaceFolder) throws -> Int {
        guard name.hasSuffix("embed_tokens.weight") else { return rows }
        return min(rows, try tokenCount(in: folder, isSentencePiece: try holdsSentencePiece(folder)))
    }

    /// Whether the vocabulary is SentencePiece's.
    func holdsSentencePiece(_ folder: HuggingFaceFolder) throws -> Bool {
        try folder.bytes(SentencePieceModel.file) != nil || PiecesInJSON.isPresent(in: TokenizerFiles(folder))
    }

    /// Writes a SentencePiece vocabulary without a leading space, or the one in tokenizer.json.
    func writeGemma3Vocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        guard try holdsSentencePiece(folder) else {
            let files = try TokenizerFiles(folder)
            try ByteLevelVocabulary(files, options: options).write(of: files, to: &metadata)
            return
        }
        try writeSentencePiece(of: folder, to: &metadata)
        metadata.set("tokenizer.ggml.add_space_prefix", .bool(false))
    }

    /// Writes a SentencePiece vocabulary; transformers 5 stores it only in tokenizer.json.
    func writeSentencePiece(of folder: HuggingFaceFolder, to metadata: inout Metadata) throws {
        let files = try TokenizerFiles(folder)
        if try folder.bytes(SentencePieceModel.file) == nil, let pieces = try PiecesInJSON(files) {
            try pieces.write(of: files, to: &metadata)
            return
        }
        try SentencePieceVocabulary(files, marksSpecialLooking: true).write(of: files, to: &metadata)
    }
}
