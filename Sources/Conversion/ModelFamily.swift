import GGUF

/// What one family of models needs beside the common steps; one file a family, in `Families/`.
protocol ModelFamily: Sendable {
    /// The names in config.json's `architectures` that belong to the family.
    static var architectures: [String] { get }
    /// GGUF's name for the family, which also prefixes its metadata keys.
    static var ggufName: String { get }

    init(_ config: ModelConfig) throws

    var layerCount: Int { get }

    /// Metadata that belongs before the general keys, and tensors that are computed rather than read.
    func extras() throws -> FamilyExtras
    /// The family's hyperparameters, in order; `general.file_type` is written between them where the reference does.
    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws
    /// GGUF's name for a tensor, nil for one that is not needed; the common table unless the family says otherwise.
    /// - Throws: `ConversionProblem.unknownTensor`.
    func ggufName(of name: String) throws -> String?
    /// In which order a tensor's rows are written; unchanged unless the family says otherwise.
    func rowOrder(of name: String) -> RowOrder
    func writeVocabulary(of folder: HuggingFaceFolder, to metadata: inout Metadata, options: ConversionOptions) throws
}

extension ModelFamily {
    func ggufName(of name: String) throws -> String? {
        try TensorNames.ggufName(of: name, layerCount: layerCount)
    }

    func rowOrder(of name: String) -> RowOrder { .unchanged }
}

/// What a family adds that is not in the checkpoint.
struct FamilyExtras: Sendable {
    /// Keys that stand right behind `general.architecture`.
    var metadata: [(String, MetadataValue)] = []
    /// Single-precision vectors that come before all other tensors.
    var tensors: [(name: String, values: [Float])] = []
}

/// The order of a tensor's rows in the output.
package enum RowOrder: Sendable, Equatable {
    case unchanged
    /// Within each of the heads, rows of the first and of the second half alternate: the layout that GGUF's "normal"
    /// RoPE expects, where Hugging Face keeps the halves apart.
    case interleavedHalves(headCount: Int)

    /// The source row that becomes row `row` of `rowCount`.
    @inline(__always)
    package func source(of row: Int, rowCount: Int) -> Int {
        switch self {
        case .unchanged:
            return row
        case .interleavedHalves(let headCount):
            let headRows = rowCount / headCount
            let (head, within) = row.quotientAndRemainder(dividingBy: headRows)
            return head * headRows + within % 2 * (headRows / 2) + within / 2
        }
    }
}

/// All families that can be converted.
enum ModelFamilies {
    static let all: [any ModelFamily.Type] = [LlamaFamily.self, Phi3Family.self, Qwen2Family.self]

    static func family(for config: ModelConfig) throws -> any ModelFamily {
        let name = try config.architecture
        guard let type = all.first(where: { $0.architectures.contains(name) }) else {
            throw ConversionProblem.unsupportedArchitecture(name, supported: all.flatMap { $0.architectures }.sorted())
        }
        return try type.init(config)
    }
}
