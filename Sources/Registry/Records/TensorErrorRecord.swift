import BinaryIO

/// What quantizing did to each tensor of a build, as the quantizer noted it while it made the build.
public struct TensorErrorRecord: Codable, Hashable, Sendable {
    /// What quantizing did to one tensor.
    public struct Tensor: Codable, Hashable, Sendable {
        /// As GGUF names it.
        public var name: String
        /// Root of the mean squared error over that of the weights.
        public var relativeError: Double
        /// The part of the outputs' mean square that became error, by an importance matrix; nil without one.
        public var weightedError: Double?

        /// Every value is as its property describes it.
        public init(name: String, relativeError: Double, weightedError: Double? = nil) {
            (self.name, self.relativeError, self.weightedError) = (name, relativeError, weightedError)
        }
    }

    /// What `method` is called where the quantizer compares every row that it encodes with the row as it was.
    public static let quantizer = "quantizer-v1"

    /// SHA-256 of what the build was quantized from; nil where that was not noted. The lineage tells it too.
    public var againstDigest: SHA256Digest?
    /// The procedure and its version, such as `quantizer-v1`.
    public var method: String
    /// The version of edgepipe that made the build.
    public var toolVersion: String
    /// Those whose type changed, in the order of the file.
    public var tensors: [Tensor]

    /// Every value is as its property describes it.
    public init(
        againstDigest: SHA256Digest? = nil,
        method: String = quantizer,
        toolVersion: String,
        tensors: [Tensor]
    ) {
        self.againstDigest = againstDigest
        self.method = method
        self.toolVersion = toolVersion
        self.tensors = tensors
    }
}
