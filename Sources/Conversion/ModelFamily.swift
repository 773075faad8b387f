import GGUF

/// What one family of models needs beside the common steps; one file a family, in `Families/`.
///
/// A family that says nothing but its names is converted as Qwen2 is: shared tensor names, shared hyperparameters, and
/// the vocabulary that the folder holds.
protocol ModelFamily: Sendable {
    /// The names in config.json's `architectures` that belong to the family.
    static var architectures: [String] { get }
    /// GGUF's name for the family, which also prefixes its metadata keys.
    static var ggufName: String { get }
    /// What transformers fills in where config.json leaves a setting out, as JSON.
    static var defaults: [String: String] { get }
    /// The same, where it depends on which model of several config.json is about.
    static func defaults(for config: ModelConfig) -> [String: String]
    /// Hugging Face's names of a layer's tensors against GGUF's, where the shared table lacks them or says otherwise.
    static var layerNames: [String: String] { get }
    /// The same for tensors outside the layers.
    static var outsideNames: [String: String] { get }
    /// How experts are named; nil for a family without.
    static var experts: ExpertNames? { get }
    /// llama.cpp's name for this family's pre-tokenizer, where several names stand for one rule.
    static var preTokenizer: String? { get }

    /// Whether transformers takes the token embeddings for the output where config.json does not say.
    static var tiesEmbeddings: Bool { get }
    /// Whether the reference looks for modules of sentence-transformers, which tell how an embedding model pools.
    static var readsPooling: Bool { get }
    /// How weights may be quantized that the family reads, beside eight bits of floating point.
    static var packedMethods: Set<String> { get }

    /// Whether the family is the one that config.json is about, of several that have the same name there.
    static func fits(_ config: ModelConfig) -> Bool

    init(config: ModelConfig) throws

    var config: ModelConfig { get }

    /// Metadata that belongs before the general keys, and tensors that are computed rather than read.
    func extras() throws -> FamilyExtras
    /// The same, where numbers of the checkpoint decide.
    func extras(of folder: HuggingFaceFolder) throws -> FamilyExtras
    /// The family's hyperparameters, in order; `general.file_type` is written between them where the reference does.
    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws
    /// What becomes of a tensor of the checkpoint.
    /// - Throws: `ConversionProblem.unknownTensor`.
    func use(of name: String) throws -> TensorUse
    /// How a tensor's elements change on the way; not at all unless the family says otherwise.
    func edit(of name: String) throws -> TensorEdit
    /// How many rows of a matrix of `rows` are kept; all unless the family says otherwise.
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

/// What a family adds that is not in the checkpoint.
struct FamilyExtras: Sendable {
    /// Keys that stand right behind `general.architecture`.
    var metadata: [(String, MetadataValue)] = []
    /// Single-precision vectors that come before all other tensors.
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

    /// - Returns: nil for an architecture that is not known.
    static func type(for config: ModelConfig) throws -> (any ModelFamily.Type)? {
        let name = try config.architecture
        return all.first { $0.architectures.contains(name) && $0.fits(config) }
    }
}
