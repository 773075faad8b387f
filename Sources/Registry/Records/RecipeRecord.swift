import BinaryIO

/// How the types of a build's tensors were chosen, if they follow a budget instead of a preset.
public struct RecipeRecord: Codable, Hashable, Sendable {
    /// The type of one tensor.
    public struct Tensor: Codable, Hashable, Sendable {
        /// The tensor's name in GGUF.
        public var name: String
        /// The type's name in GGUF: "Q4_K".
        public var type: String
        /// Size of the tensor's data, in bytes.
        public var bytes: Int
        /// The tensor's share of the predicted divergence, in nats per token.
        public var kldShare: Double

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(name: String, type: String, bytes: Int, kldShare: Double) {
            (self.name, self.type, self.bytes, self.kldShare) = (name, type, bytes, kldShare)
        }
    }

    /// The largest file size that was allowed, in bytes.
    public var budgetBytes: Int
    /// The types that were allowed: `k`, `all`, or a list.
    public var ladder: String
    /// Predicted mean divergence from the original model, in nats per token: the sum of the costs of single tensors.
    public var predictedKld: Double
    /// The best preset that fitted the budget; nil if none did.
    public var presetType: String?
    /// Predicted mean divergence of that preset, in nats per token, from the same costs.
    public var presetPredictedKld: Double?
    /// SHA-256 of the text that the costs were computed on.
    public var textDigest: SHA256Digest?
    /// The rounding method of the quantizer.
    public var rounding: String
    /// The version of edgepipe that chose the types.
    public var toolVersion: String
    /// The tensors, in the order of the file.
    public var tensors: [Tensor]

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        budgetBytes: Int,
        ladder: String,
        predictedKld: Double,
        presetType: String? = nil,
        presetPredictedKld: Double? = nil,
        textDigest: SHA256Digest? = nil,
        rounding: String = "reference",
        toolVersion: String,
        tensors: [Tensor]
    ) {
        (self.budgetBytes, self.ladder, self.predictedKld) = (budgetBytes, ladder, predictedKld)
        (self.presetType, self.presetPredictedKld) = (presetType, presetPredictedKld)
        (self.textDigest, self.rounding) = (textDigest, rounding)
        (self.toolVersion, self.tensors) = (toolVersion, tensors)
    }
}
