import Tensors

/// The options of a quantization, besides the file type. The defaults are llama-quantize's.
public struct QuantizationOptions: Sendable, Equatable {
    /// Whether every tensor gets the default type, without a mix.
    public var pure = false
    /// Types for the tensors whose names match; the first match wins. Patterns are lower-cased, as in llama-quantize.
    public var tensorTypes: [TensorTypeRule] = []
    /// The type of `output.weight`; nil for that of the mix.
    public var outputTensorType: TensorType?
    /// The type of the token embedding; nil for that of the mix.
    public var tokenEmbeddingType: TensorType?
    /// Whether `output.weight` keeps its type.
    public var leaveOutputTensor = false
    /// Whether quantized tensors are quantized again, which adds the errors of both.
    public var allowRequantize = false
    /// The importance of each column; types with the fewest bits gain most from it.
    public var importanceMatrix: ImportanceMatrix?
    /// The rounding of weights in blocks.
    public var rounding = Rounding.reference
    /// Whether every tensor keeps its type, and the file its file type: to join the files of a model, or to change
    /// metadata or layers.
    public var copiesOnly = false
    /// The layers to remove, by their numbers in the source.
    public var prunedLayers: Set<Int> = []
    /// Metadata that replaces the source's; the last entry for a key counts.
    public var overrides: [MetadataOverride] = []
    /// Whether the output has as many files as the source, each with the same tensors.
    public var keepsSplit = false

    /// Creates llama-quantize's defaults.
    public init() {}
}

/// A rule that selects tensors by a regular expression and gives them a type.
public struct TensorTypeRule: Sendable, Equatable {
    /// A regular expression, in lower case, that is searched for anywhere in a name.
    public let pattern: String
    /// The type of tensors whose names match.
    public let type: TensorType

    /// Creates a rule; a plan checks whether its pattern is a regular expression.
    public init(pattern: String, type: TensorType) {
        self.pattern = pattern.lowercased()
        self.type = type
    }
}
