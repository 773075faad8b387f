import BinaryIO
import GGUF

/// EmbeddingGemma: Gemma 3 whose tokens see those behind them, without an output. Modules of sentence-transformers behind it stay
/// out, as the reference leaves them unless it is asked.
struct EmbeddingGemmaFamily: GemmaLikeFamily {
    static let architectures = ["Gemma3TextModel"]
    static let ggufName = "gemma-embedding"
    // The window has no default: transformers halves what a model was trained with, and only config.json has that.
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

    /// Rows without a token are cut off.
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
