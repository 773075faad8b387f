/// An estimate for a build on one device: the columns that queries sort by, and the whole estimate as JSON.
///
/// A better estimator may estimate again, so a new fit replaces the one for the same device, context and cache type.
/// The registry does not interpret `payload`.
public struct FitRecord: Codable, Hashable, Sendable {
    /// The id of a device in the catalogue.
    public var device: String
    /// Context length, in tokens.
    public var context: Int
    /// Element type of the key-value cache: `f16`, `q8_0`.
    public var kvType: String
    /// `fits`, `tight` or `doesNotFit`.
    public var verdict: String
    /// Low estimate of the peak memory, in bytes.
    public var peakMemoryLow: Int
    /// Middle estimate of the peak memory, in bytes.
    public var peakMemoryMid: Int
    /// High estimate of the peak memory, in bytes.
    public var peakMemoryHigh: Int
    /// Middle estimate of the generation speed, in tokens per second; the range is in `payload`.
    public var decodeTokensPerSecond: Double
    /// Middle estimate of the prompt processing speed, in tokens per second; the range is in `payload`.
    public var prefillTokensPerSecond: Double
    /// Fraction of the speed that remains after ten minutes without a pause.
    public var sustainedFactor: Double
    /// Battery used per 1,000 tokens, in percent; nil if the device's battery is unknown.
    public var batteryPercentPer1kTokens: Double?
    /// `high`, `medium` or `low`.
    public var confidence: String
    /// The whole estimate with every range, confidence and source, as JSON.
    public var payload: String
    /// The version of edgepipe that made the estimate.
    public var toolVersion: String

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        device: String,
        context: Int,
        kvType: String,
        verdict: String,
        peakMemoryLow: Int,
        peakMemoryMid: Int,
        peakMemoryHigh: Int,
        decodeTokensPerSecond: Double,
        prefillTokensPerSecond: Double,
        sustainedFactor: Double,
        batteryPercentPer1kTokens: Double?,
        confidence: String,
        payload: String,
        toolVersion: String
    ) {
        self.device = device
        self.context = context
        self.kvType = kvType
        self.verdict = verdict
        self.peakMemoryLow = peakMemoryLow
        self.peakMemoryMid = peakMemoryMid
        self.peakMemoryHigh = peakMemoryHigh
        self.decodeTokensPerSecond = decodeTokensPerSecond
        self.prefillTokensPerSecond = prefillTokensPerSecond
        self.sustainedFactor = sustainedFactor
        self.batteryPercentPer1kTokens = batteryPercentPer1kTokens
        self.confidence = confidence
        self.payload = payload
        self.toolVersion = toolVersion
    }
}
