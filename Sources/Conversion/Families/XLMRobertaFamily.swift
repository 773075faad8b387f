import BinaryIO
import GGUF

/// XLM-RoBERTa, the base of multilingual embedding models and rerankers: BERT with a Unigram vocabulary, whose first
/// positions are reserved for padding.
struct XLMRobertaFamily: EncoderFamily {
    static let architectures = ["XLMRobertaModel", "XLMRobertaForSequenceClassification"]
    static let ggufName = BERTFamily.ggufName
    static let defaults = BERTFamily.defaults.merging(["pad_token_id": "1"]) { _, own in own }
    static let layerNames = BERTFamily.layerNames
    static let outsideNames = BERTFamily.outsideNames
    static let holders = ["roberta."]
    static let droppedNames = BERTFamily.droppedNames

    private static let positions = "max_position_embeddings"

    let config: ModelConfig
    /// The number of reserved positions.
    private let offset: Int
    /// The number of positions for text.
    private let length: Int

    /// - Throws: `ConversionProblem` for adapters inside the model, which the reference writes as separate files.
    init(config: ModelConfig) throws {
        guard config.json["lora_adaptations"]?.array?.isEmpty ?? true else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: "lora_adaptations",
                expected: "none: a model with adapters for tasks is not converted;"
            )
        }
        self.config = config
        let padding = try config.integer("pad_token_id")
        let all = try config.requiredInteger(Self.positions)
        offset = padding.map { $0 + 1 } ?? 0
        length = all - offset
        guard length > 0, all <= 1 << 20 else {
            throw ConversionProblem.invalidValue(
                file: ModelConfig.file,
                key: Self.positions,
                expected: "more than 'pad_token_id' and one, and no more than \(1 << 20)"
            )
        }
    }

    func contextLength() throws -> Int? { length }

    func edit(of name: String) throws -> TensorEdit {
        guard offset > 0, name == "embeddings.position_embeddings.weight" else { return TensorEdit() }
        return TensorEdit(order: .picked(Array(offset..<(offset + length))))
    }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        let files = try TokenizerFiles(folder)
        let types = try config.integer("type_vocab_size") ?? 1
        try MultilingualVocabulary(files).write(of: files, typeCount: types, to: &metadata)
    }
}
