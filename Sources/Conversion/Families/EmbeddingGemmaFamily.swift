import BinaryIO
import GGUF

/// EmbeddingGemma: Gemma 3 with bidirectional attention and without an output matrix. Modules of sentence-transformers
/// are left out by default, as in the reference.
struct EmbeddingGemmaFamily: GemmaLikeFamily {
    static let architectures = ["Gemma3TextModel"]
    static let ggufName = "gemma-embedding"
    // The window has no default: transformers halves the value of the training, which only config.json has.
    static let defaults = Gemma3Family.defaults.filter { $0.key != window }
    static let layerNames = Gemma3Family.layerNames
    static let readsPooling = true

    private static let window = "sliding_window"

    let config: ModelConfig

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
        if let limit = try config.number("final_logit_softcapping"), limit != 0 {
            metadata.set("\(Self.ggufName).final_logit_softcapping", .float32(Float(limit)))
        }
        let window = UInt32(try config.requiredInteger(Self.window))
        metadata.set("\(Self.ggufName).attention.sliding_window", .uint32(window))
    }

    /// Cuts off rows without a token.
    func keptRows(of name: String, _ rows: Int, in folder: HuggingFaceFolder) throws -> Int {
        try rowsOfTokens(of: name, rows, in: folder)
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try writeGemma3Vocabulary(of: folder, to: &metadata, options: options)
    }
}
