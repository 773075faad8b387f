/// The names of the numbers that are measured of builds. Registries keep them: a name never changes its meaning.
///
/// What is measured of a build on a device has names of its own, `DeviceMeasurement.Metric`.
public enum Metric {
    /// Of a text, as llama-perplexity defines it.
    public static let perplexity = "perplexity"
    /// Bits that the model takes for a byte of a text.
    public static let bitsPerByte = "bitsPerByte"
    /// KL divergence from the model that was quantized, in nats per token.
    public static let meanKLD = "meanKLD"
    /// Its median over the tokens.
    public static let medianKLD = "medianKLD"
    /// What it stays below for 99 % of the tokens.
    public static let p99KLD = "p99KLD"
    /// Its largest value.
    public static let maxKLD = "maxKLD"
    /// How often both models find the same token the likeliest, in percent.
    public static let sameTopPercent = "sameTopPercent"
    /// The mean change of the right token's probability, in percentage points.
    public static let meanDeltaPercent = "meanDeltaPercent"
    /// The root mean square of that change.
    public static let rmsDeltaPercent = "rmsDeltaPercent"
    /// Multiple-choice tasks that were answered right, in percent.
    public static let accuracyPercent = "accuracyPercent"
    /// The same where an answer's likelihood is divided by its length.
    public static let normalizedAccuracyPercent = "normalizedAccuracyPercent"
    /// Questions that a chat model answered as it should: to an end, with words, and without repeating itself; in percent.
    public static let answeredPercent = "answeredPercent"
    /// The cosine of an embedding model's vectors and those of the model that was quantized, mean over the texts.
    public static let meanCosine = "meanCosine"
    /// Its least value.
    public static let minCosine = "minCosine"
    /// How many of a text's ten nearest neighbours are the same by both models, in percent.
    public static let top10OverlapPercent = "top10OverlapPercent"
}
