/// The names of the metrics that are measured for builds. Registries store them, so a name never changes its meaning.
///
/// The metrics measured on a device are in `DeviceMeasurement.Metric`.
public enum Metric {
    /// Perplexity of a text, as llama-perplexity defines it.
    public static let perplexity = "perplexity"
    /// Bits that the model needs per byte of a text.
    public static let bitsPerByte = "bitsPerByte"
    /// KL divergence from the model that was quantized, in nats per token.
    public static let meanKLD = "meanKLD"
    /// Median KL divergence over the tokens, in nats.
    public static let medianKLD = "medianKLD"
    /// 99th percentile of the KL divergence over the tokens, in nats.
    public static let p99KLD = "p99KLD"
    /// Largest KL divergence of a token, in nats.
    public static let maxKLD = "maxKLD"
    /// How often both models rank the same token first, in percent.
    public static let sameTopPercent = "sameTopPercent"
    /// Mean change of the right token's probability, in percentage points.
    public static let meanDeltaPercent = "meanDeltaPercent"
    /// Root mean square of the change of the right token's probability, in percentage points.
    public static let rmsDeltaPercent = "rmsDeltaPercent"
    /// Multiple-choice tasks answered correctly, in percent.
    public static let accuracyPercent = "accuracyPercent"
    /// Multiple-choice tasks answered correctly, in percent, if an answer's likelihood is divided by its length.
    public static let normalizedAccuracyPercent = "normalizedAccuracyPercent"
    /// Questions that a chat model answered properly, in percent: with words, to an end, and without repeating itself.
    public static let answeredPercent = "answeredPercent"
    /// Mean cosine, over the texts, between an embedding model's vectors and those of the model before quantization.
    public static let meanCosine = "meanCosine"
    /// Least cosine, over the texts, between an embedding model's vectors and those of the model before quantization.
    public static let minCosine = "minCosine"
    /// Share of a text's ten nearest neighbours that both models agree on, in percent.
    public static let top10OverlapPercent = "top10OverlapPercent"
}
