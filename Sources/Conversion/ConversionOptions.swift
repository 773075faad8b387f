import Tensors

/// The options of a conversion.
public struct ConversionOptions: Sendable, Equatable {
    /// The type of weight matrices; nil keeps that of the first matrix in the checkpoint.
    public var type: ConvertedType?
    /// The pre-tokenizer's name; nil recognizes it.
    public var preTokenizer: String?

    /// The adapters to merge into the weights, one after another.
    public var adapters: [AdapterReference]

    /// The number of tokens to pad to, for a tokenizer and embeddings of different sizes; nil leaves both unchanged.
    public var padding: VocabularyPadding?

    /// Whether infinities and NaN are kept; they are rejected by default.
    public var allowsNonFinite = false

    /// Whether to include the dense modules of sentence-transformers after an embedding model.
    public var includesDenseModules = false

    /// Creates options; without arguments, those of a plain conversion.
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
