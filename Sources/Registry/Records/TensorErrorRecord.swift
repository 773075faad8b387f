import BinaryIO

/// The error of each tensor of a build, as the quantizer computed it while it made the build.
public struct TensorErrorRecord: Codable, Hashable, Sendable {
    /// The error of one tensor.
    public struct Tensor: Codable, Hashable, Sendable {
        /// The tensor's name in GGUF.
        public var name: String
        /// Root mean square of the error divided by that of the weights.
        public var relativeError: Double
        /// Fraction of the outputs' mean square that became error, estimated with an importance matrix; nil without
        /// one.
        public var weightedError: Double?

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(name: String, relativeError: Double, weightedError: Double? = nil) {
            (self.name, self.relativeError, self.weightedError) = (name, relativeError, weightedError)
        }
    }

    /// The value of `method` if the quantizer compares every row that it encodes with the original row.
    public static let quantizer = "quantizer-v1"

    /// SHA-256 of the file that the build was quantized from; nil if it was not recorded. The lineage has it too.
    public var againstDigest: SHA256Digest?
    /// The procedure and its version, such as `quantizer-v1`.
    public var method: String
    /// The version of edgepipe that made the build.
    public var toolVersion: String
    /// The tensors whose type changed, in the order of the file.
    public var tensors: [Tensor]

    /// Creates a value from its parts; each parameter is documented on its property.
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
