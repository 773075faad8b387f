/// What was estimated for a build on one device: the columns that queries sort by, and the whole estimate as JSON.
///
/// An estimate may be made again by a better estimator, so a fit replaces the one of the same device, context and cache
/// type. The registry does not interpret `payload`.
public struct FitRecord: Codable, Hashable, Sendable {
    /// The id of a device in the catalogue.
    public var device: String
    /// Context length, in tokens.
    public var context: Int
    /// Element type of the key-value cache: `f16`, `q8_0`.
    public var kvType: String
    /// `fits`, `tight` or `doesNotFit`.
    public var verdict: String
    /// Peak memory in bytes: low, mid, high.
    public var peakMemoryLow: Int
    /// The middle estimate.
    public var peakMemoryMid: Int
    /// The high end.
    public var peakMemoryHigh: Int
    /// Middle estimates; the ranges are in `payload`.
    public var decodeTokensPerSecond: Double
    /// While a prompt is read.
    public var prefillTokensPerSecond: Double
    /// Share of the speed that is left after ten minutes without a pause.
    public var sustainedFactor: Double
    /// Nil where the device's battery is not known.
    public var batteryPercentPer1kTokens: Double?
    /// `high`, `medium` or `low`.
    public var confidence: String
    /// The whole estimate with every range, confidence and source, as JSON.
    public var payload: String
    /// The version of edgepipe that estimated.
    public var toolVersion: String

    /// Every value is as its property describes it.
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
