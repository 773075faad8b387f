import BinaryIO

/// How the types of a build's tensors were chosen, where they follow a budget and no preset.
public struct RecipeRecord: Codable, Hashable, Sendable {
    /// The type of one tensor.
    public struct Tensor: Codable, Hashable, Sendable {
        /// As GGUF names it.
        public var name: String
        /// As GGUF names it: "Q4_K".
        public var type: String
        /// Of its data.
        public var bytes: Int
        /// Its part of the predicted divergence, in nats a token.
        public var kldShare: Double

        /// Every value is as its property describes it.
        public init(name: String, type: String, bytes: Int, kldShare: Double) {
            (self.name, self.type, self.bytes, self.kldShare) = (name, type, bytes, kldShare)
        }
    }

    /// The most bytes that the file was allowed to have.
    public var budgetBytes: Int
    /// The types that were allowed: `k`, `all`, or a list.
    public var ladder: String
    /// Mean divergence from the model as it was, in nats a token, by the costs of single tensors.
    public var predictedKld: Double
    /// Of the best preset that fitted; nil where none did.
    public var presetType: String?
    /// By the same costs.
    public var presetPredictedKld: Double?
    /// SHA-256 of the text that costs were computed on.
    public var textDigest: SHA256Digest?
    /// How weights found their places in blocks.
    public var rounding: String
    /// The version of edgepipe that chose.
    public var toolVersion: String
    /// In the order of the file.
    public var tensors: [Tensor]

    /// Every value is as its property describes it.
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
