/// The names of the numbers that are stored with builds.
public enum Metric {
    public static let perplexity = "perplexity"
    public static let bitsPerByte = "bitsPerByte"
    public static let meanKLD = "meanKLD"
    public static let medianKLD = "medianKLD"
    public static let p99KLD = "p99KLD"
    public static let maxKLD = "maxKLD"
    public static let sameTopPercent = "sameTopPercent"
    public static let meanDeltaPercent = "meanDeltaPercent"
    public static let rmsDeltaPercent = "rmsDeltaPercent"
    public static let accuracyPercent = "accuracyPercent"
    public static let normalizedAccuracyPercent = "normalizedAccuracyPercent"
}
