import GGUF

/// What one family of models needs beyond the common steps; one file per family, in `Families/`.
///
/// A family that only gives its names is converted like Qwen2: shared tensor names, shared hyperparameters, and the
/// vocabulary in the folder.
protocol ModelFamily: Sendable {
    /// The names in config.json's `architectures` that belong to the family.
    static var architectures: [String] { get }
    /// GGUF's name for the family, which also prefixes its metadata keys.
    static var ggufName: String { get }
    /// The defaults of transformers for settings that config.json leaves out, as JSON.
    static var defaults: [String: String] { get }
    /// The defaults of transformers, if they depend on which of several models config.json describes.
    static func defaults(for config: ModelConfig) -> [String: String]
    /// GGUF's names of a layer's tensors by Hugging Face's names, where they differ from the shared table.
    static var layerNames: [String: String] { get }
    /// GGUF's names of tensors outside the layers by Hugging Face's names, where they differ from the shared table.
    static var outsideNames: [String: String] { get }
    /// The names of experts; nil for a family without experts.
    static var experts: ExpertNames? { get }
    /// llama.cpp's name for this family's pre-tokenizer, if a rule has several names.
    static var preTokenizer: String? { get }

    /// Whether transformers uses the token embeddings as the output by default.
    static var tiesEmbeddings: Bool { get }
    /// Whether the reference reads modules of sentence-transformers, which define how an embedding model pools.
    static var readsPooling: Bool { get }
    /// The quantization methods of weights that the family can read, in addition to eight-bit floating point.
    static var packedMethods: Set<String> { get }

    /// Whether config.json describes this family, if several have the same name there.
    static func fits(_ config: ModelConfig) -> Bool

    init(config: ModelConfig) throws

    var config: ModelConfig { get }

    /// Metadata before the general keys, and computed tensors.
    func extras() throws -> FamilyExtras
    /// Metadata before the general keys, and computed tensors, if they depend on numbers in the checkpoint.
    func extras(of folder: HuggingFaceFolder) throws -> FamilyExtras
    /// Writes the family's hyperparameters, in order, with `general.file_type` at the reference's place.
    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws
    /// The use of a tensor of the checkpoint.
    /// - Throws: `ConversionProblem.unknownTensor`.
    func use(of name: String) throws -> TensorUse
    /// The change of a tensor's elements; none by default.
    func edit(of name: String) throws -> TensorEdit
    /// How many of a matrix's `rows` are kept; all by default.
    func keptRows(of name: String, _ rows: Int, in folder: HuggingFaceFolder) throws -> Int
    func writeVocabulary(of folder: HuggingFaceFolder, to metadata: inout Metadata, options: ConversionOptions) throws
}

extension ModelFamily {
    static func defaults(for config: ModelConfig) -> [String: String] { defaults }
    static var layerNames: [String: String] { [:] }
    static var outsideNames: [String: String] { [:] }
    static var experts: ExpertNames? { nil }
    static var preTokenizer: String? { nil }
    static var tiesEmbeddings: Bool { false }
    static func fits(_ config: ModelConfig) -> Bool { true }
    static var packedMethods: Set<String> { [] }
    static var readsPooling: Bool { false }

    func extras() throws -> FamilyExtras { FamilyExtras() }

    func extras(of folder: HuggingFaceFolder) throws -> FamilyExtras { try extras() }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try CommonParameters(config, Self.ggufName, fileType: fileType).write(to: &metadata)
    }

    func use(of name: String) throws -> TensorUse {
        try TensorNames(self).use(of: name)
    }

    func edit(of name: String) throws -> TensorEdit { TensorEdit() }

    func keptRows(of name: String, _ rows: Int, in folder: HuggingFaceFolder) throws -> Int { rows }

    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        try Vocabularies.write(of: folder, to: &metadata, options: options, preTokenizer: Self.preTokenizer)
    }
}

/// The additions of a family that are not in the checkpoint.
struct FamilyExtras: Sendable {
    /// Keys that directly follow `general.architecture`.
    var metadata: [(String, MetadataValue)] = []
    /// Single-precision vectors that precede all other tensors.
    var tensors: [(name: String, values: [Float])] = []
}

/// All families that can be converted.
enum ModelFamilies {
    static let all: [any ModelFamily.Type] = [
        EmbeddingGemmaFamily.self,
        Gemma2Family.self, Gemma3Family.self, Gemma3nFamily.self, Gemma4Family.self, Gemma4UnifiedFamily.self,
        GemmaFamily.self,
        GPT2Family.self, GraniteFamily.self, LFM2Family.self,
        LlamaFamily.self, MistralFamily.self, MixtralFamily.self, OLMo2Family.self, OLMo3Family.self, Phi3Family.self,
        PhiMoEFamily.self, Qwen2Family.self, Qwen35Family.self, Qwen35MoEFamily.self, Qwen2MoEFamily.self,
        Qwen3Family.self, Qwen3MoEFamily.self,
        SmolLM3Family.self,
        StableLMFamily.self,
        ApertusFamily.self, ArceeFamily.self, Cohere2Family.self, Ernie45Family.self, EXAONE4Family.self,
        GLM4Family.self, Granite4Family.self, HunYuanFamily.self, LFM2MoEFamily.self, Ministral3Family.self,
        FalconH1Family.self, GraniteHybridFamily.self, NemotronHFamily.self,
        Mistral3Family.self, Qwen2VLFamily.self, Qwen3VLFamily.self, SeedOSSFamily.self,
        BERTFamily.self, ModernBERTFamily.self, NomicBERTFamily.self, XLMRobertaFamily.self,
        Ernie45MoEFamily.self, GPTOSSFamily.self, GraniteMoEFamily.self, Qwen3VLMoEFamily.self,
    ]

    static func family(for config: ModelConfig) throws -> any ModelFamily {
        guard let type = try type(for: config) else {
            let supported = all.flatMap { $0.architectures }.sorted()
            throw ConversionProblem.unsupportedArchitecture(try config.architecture, supported: supported)
        }
        return try type.init(config: config.filled(with: type.defaults(for: config)))
    }

    /// - Returns: nil for an unknown architecture.
    static func type(for config: ModelConfig) throws -> (any ModelFamily.Type)? {
        let name = try config.architecture
        return all.first { $0.architectures.contains(name) && $0.fits(config) }
    }
}
