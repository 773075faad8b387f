import Tensors

/// How to quantize, beyond the file type. The defaults are llama-quantize's.
public struct QuantizationOptions: Sendable, Equatable {
    /// Give every tensor the default type, without a mix.
    public var pure = false
    /// Types for the tensors whose names match; the first match wins. Patterns are lower-cased, as llama-quantize does.
    public var tensorTypes: [TensorTypeRule] = []
    /// The type of `output.weight`; nil for the mix's.
    public var outputTensorType: TensorType?
    /// The type of the token embedding; nil for the mix's.
    public var tokenEmbeddingType: TensorType?
    /// Keep the type that `output.weight` has.
    public var leaveOutputTensor = false
    /// Quantize tensors again that are quantized, which adds the errors of both.
    public var allowRequantize = false
    /// What each column counts; the types that store fewest bits gain most from it.
    public var importanceMatrix: ImportanceMatrix?
    /// How weights find their places in a block.
    public var rounding = Rounding.reference
    /// Keep every tensor's type, and the file type too: to join the files of a model, or to change metadata or layers.
    public var copiesOnly = false
    /// Layers to leave out, by their numbers in the source.
    public var prunedLayers: Set<Int> = []
    /// Metadata to write in place of the source's; the last one for a key counts.
    public var overrides: [MetadataOverride] = []
    /// Write as many files as the source has, each with the same tensors.
    public var keepsSplit = false

    /// llama-quantize's defaults.
    public init() {}
}

/// A rule that names tensors by a regular expression and gives them a type.
public struct TensorTypeRule: Sendable, Equatable {
    /// A regular expression, in lower case, that is looked for anywhere in a name.
    public let pattern: String
    /// The type that tensors get whose names match.
    public let type: TensorType

    /// A rule; a plan says whether its pattern is a regular expression.
    public init(pattern: String, type: TensorType) {
        self.pattern = pattern.lowercased()
        self.type = type
    }
}
