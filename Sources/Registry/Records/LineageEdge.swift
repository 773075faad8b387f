import BinaryIO

/// One step in the making of a build: the bytes `from`, through this step with these options, became the bytes `to`.
public struct LineageEdge: Codable, Hashable, Sendable {
    /// SHA-256 of the input bytes.
    public var from: SHA256Digest
    /// The kind of step: `convert`, `quantize`.
    public var stepKind: String
    /// SHA-256 of the output bytes.
    public var to: SHA256Digest
    /// SHA-256 of the step's options.
    public var optionsDigest: SHA256Digest

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(from: SHA256Digest, stepKind: String, to: SHA256Digest, optionsDigest: SHA256Digest) {
        self.from = from
        self.stepKind = stepKind
        self.to = to
        self.optionsDigest = optionsDigest
    }
}
