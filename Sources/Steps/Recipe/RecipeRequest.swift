import BinaryIO
import Evaluation
import Recipes
import SystemPackage

/// The largest size, or the least speed, of the best build of a model.
public enum RecipeGoal: Sendable, Equatable {
    /// A size in bytes, or in bits per weight.
    case budget(Budget)
    /// A build that fits a device's memory with a context of so many tokens, and generates so many tokens per second.
    case device(id: String, context: Int?, tokensPerSecond: Double?)
}

/// Which build of a model to make, and how.
public struct RecipeRequest: Sendable {
    /// The request for the costs of its tensors.
    public var costs: CostRequest
    /// The goal of the build.
    public var goal: RecipeGoal
    /// The quantization settings, besides the types.
    public var settings: QuantizeSettings
    /// The folder in which costs are kept for the next size; nil to keep none.
    public var folder: FilePath?
    /// Texts of other domains on which the build is also judged.
    public var otherTexts: [FilePath] = []
    /// The number of windows on which builds are judged; nil for all of the text.
    public var judgedChunks: Int? = 8
    /// The output file for the types, in a form that llama-quantize reads.
    public var typeFile: FilePath?

    /// Creates a request for the best build of a size.
    public init(_ costs: CostRequest, _ goal: RecipeGoal, _ settings: QuantizeSettings) {
        (self.costs, self.goal, self.settings) = (costs, goal, settings)
    }
}

/// The best build of a size: the choice, the prediction and the measurements.
public struct RecipeReport: Codable, Sendable {
    /// A measured divergence.
    public struct Measured: Codable, Sendable {
        /// The text's path as given; for the calibration text, only its held-back quarter was measured.
        public var text: String
        /// The SHA-256 of the whole text.
        public var textSha256: SHA256Digest
        /// The mean divergence, in nats per token.
        public var kld: Double
        /// The standard error of `kld`.
        public var standardError: Double
        /// The perplexity of the build.
        public var perplexity: Double
        /// The mean divergence of the preset on the same tokens, if there is a preset.
        public var presetKld: Double?
        /// The standard error of `presetKld`.
        public var presetStandardError: Double?
        /// The perplexity of the preset.
        public var presetPerplexity: Double?
    }

    /// The size of the file, in bytes.
    public var bytes: Int
    /// The average over all weights.
    public var bitsPerWeight: Double
    /// The largest allowed size, in bytes.
    public var budget: Int
    /// The types that the recipe chose from.
    public var ladder: String
    /// The mean divergence, in nats per token, predicted from the costs of single tensors.
    public var predictedKld: Double
    /// The divergence measured on the held-back text.
    public var measuredKld: Double
    /// The mix whose number is in the file.
    public var base: String
    /// The best mix of llama.cpp of at most this size; nil if none is that small.
    public var preset: Recipe.Preset?
    /// The measurements: the held-back text first, then other domains.
    public var texts: [Measured]
    /// The number of times that costs were measured around the choice, and the choice was repeated.
    public var rounds: Int
    /// The time per token on the target device, in milliseconds.
    public var millisecondsPerToken: Double?
    /// Remarks to consider before relying on the build.
    public var remarks: [String]
    /// The tensors in file order.
    public var tensors: [Recipe.Tensor]
}
