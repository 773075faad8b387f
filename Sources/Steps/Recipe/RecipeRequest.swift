import BinaryIO
import Evaluation
import Recipes
import SystemPackage

/// How large or fast the best build of a model may be.
public enum RecipeGoal: Sendable, Equatable {
    /// Bytes, or bits a weight.
    case budget(Budget)
    /// What fits a device's memory, with that many tokens of context, and makes that many tokens a second.
    case device(id: String, context: Int?, tokensPerSecond: Double?)
}

/// Which build to make of a model, and how.
public struct RecipeRequest: Sendable {
    /// What its tensors cost, and how that is worked out.
    public var costs: CostRequest
    /// How large it may be.
    public var goal: RecipeGoal
    /// How it is quantized, beside its types.
    public var settings: QuantizeSettings
    /// Where costs are kept for the next size; nil where they are not.
    public var folder: FilePath?
    /// Texts of other domains that the build is judged on, too.
    public var otherTexts: [FilePath] = []
    /// Windows that builds are judged on; nil for as many as the text has.
    public var judgedChunks: Int? = 8
    /// Where the types go, in a form that llama-quantize reads.
    public var typeFile: FilePath?

    /// The best build of a size.
    public init(_ costs: CostRequest, _ goal: RecipeGoal, _ settings: QuantizeSettings) {
        (self.costs, self.goal, self.settings) = (costs, goal, settings)
    }
}

/// The best build of a size: what was chosen, predicted and measured.
public struct RecipeReport: Codable, Sendable {
    /// A divergence that was measured.
    public struct Measured: Codable, Sendable {
        /// The text's path, as it was given; its held-back quarter for the calibration text.
        public var text: String
        /// Of the whole text.
        public var textSha256: SHA256Digest
        /// Mean divergence, in nats a token, and its standard error.
        public var kld: Double
        /// See `kld`.
        public var standardError: Double
        /// Of the build.
        public var perplexity: Double
        /// Of the preset on the same tokens, where there is one.
        public var presetKld: Double?
        /// See `presetKld`.
        public var presetStandardError: Double?
        /// See `presetKld`.
        public var presetPerplexity: Double?
    }

    /// Of the file.
    public var bytes: Int
    /// Over all weights.
    public var bitsPerWeight: Double
    /// Bytes that it could have had.
    public var budget: Int
    /// The types that it was chosen from.
    public var ladder: String
    /// Mean divergence, in nats a token, by the costs of single tensors.
    public var predictedKld: Double
    /// On the held-back text.
    public var measuredKld: Double
    /// The mix whose number stands in the file.
    public var base: String
    /// The best of llama.cpp's mixes of at most this size; nil where none is so small.
    public var preset: Recipe.Preset?
    /// The held-back text first, then other domains.
    public var texts: [Measured]
    /// How many times costs were measured around the choice, and it was made again.
    public var rounds: Int
    /// On the device that it was made for, in milliseconds.
    public var millisecondsPerToken: Double?
    /// What somebody should know before relying on it.
    public var remarks: [String]
    /// In the order of the file.
    public var tensors: [Recipe.Tensor]
}
