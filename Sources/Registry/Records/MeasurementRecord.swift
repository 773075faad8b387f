import BinaryIO

/// One measured number with every condition it depends on. A number without its conditions is not stored.
public struct MeasurementRecord: Codable, Hashable, Sendable {
    /// The metric: `perplexity`, `bitsPerByte`, `meanKLD`, `sameTopPercent`.
    public var metric: String
    /// The measured value; finite.
    public var value: Double
    /// One standard error of `value`, in the same unit.
    public var standardError: Double?
    /// The unit: `bit/byte`, `%`, `token/s`; `1` for a plain number.
    public var unit: String
    /// The procedure and its version, such as `llama-perplexity-v1`.
    public var method: String
    /// SHA-256 of the text the number was measured on.
    public var textDigest: SHA256Digest?
    /// Context length, in tokens.
    public var context: Int?
    /// The number of pieces of `context` tokens that were scored.
    public var chunks: Int?
    /// SHA-256 of the build that this one was compared with.
    public var againstDigest: SHA256Digest?
    /// The inner loops that ran: `swift`, `avx2`, `neon`.
    public var kernels: String
    /// The version of edgepipe that made the measurement.
    public var toolVersion: String
    /// All other conditions that the number depends on.
    public var conditions: [String: String]

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        metric: String,
        value: Double,
        standardError: Double? = nil,
        unit: String,
        method: String,
        textDigest: SHA256Digest? = nil,
        context: Int? = nil,
        chunks: Int? = nil,
        againstDigest: SHA256Digest? = nil,
        kernels: String,
        toolVersion: String,
        conditions: [String: String] = [:]
    ) {
        self.metric = metric
        self.value = value
        self.standardError = standardError
        self.unit = unit
        self.method = method
        self.textDigest = textDigest
        self.context = context
        self.chunks = chunks
        self.againstDigest = againstDigest
        self.kernels = kernels
        self.toolVersion = toolVersion
        self.conditions = conditions
    }
}
