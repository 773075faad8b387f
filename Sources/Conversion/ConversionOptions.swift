import Tensors

/// How to convert.
public struct ConversionOptions: Sendable, Equatable {
    /// The type that weight matrices get; nil keeps that of the first matrix in the checkpoint.
    public var type: ConvertedType?
    /// The pre-tokenizer's name, where it is not to be recognized.
    public var preTokenizer: String?

    /// Adapters that are merged into the weights, one after the other.
    public var adapters: [AdapterReference]

    /// How many tokens there are to be, where tokenizer and embeddings count differently; nil leaves both as they are.
    public var padding: VocabularyPadding?

    /// Whether infinities and NaN are passed on; they are refused unless somebody asks for them.
    public var allowsNonFinite = false

    /// Whether the dense modules of sentence-transformers behind an embedding model come along.
    public var includesDenseModules = false

    /// Options; without arguments, those of a plain conversion.
    public init(type: ConvertedType? = nil, preTokenizer: String? = nil, adapters: [AdapterReference] = []) {
        self.type = type
        self.preTokenizer = preTokenizer
        self.adapters = adapters
    }
}

/// A type that conversion can give weight matrices, with llama.cpp's number for such a file.
public enum ConvertedType: String, CaseIterable, Sendable {
    case f32
    case f16
    case bf16
    case q8_0

    var tensorType: TensorType {
        switch self {
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        case .q8_0: .q8_0
        }
    }

    var fileType: UInt32 {
        switch self {
        case .f32: 0
        case .f16: 1
        case .q8_0: 7
        case .bf16: 32
        }
    }
}
