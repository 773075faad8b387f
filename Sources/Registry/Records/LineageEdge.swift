import BinaryIO

/// One step of how a build came to be: these bytes, through this step with these options, became those bytes.
public struct LineageEdge: Codable, Hashable, Sendable {
    /// SHA-256 of the bytes that went in.
    public var from: SHA256Digest
    /// The kind of step: `convert`, `quantize`.
    public var stepKind: String
    /// SHA-256 of the bytes that came out.
    public var to: SHA256Digest
    /// SHA-256 of the step's options.
    public var optionsDigest: SHA256Digest

    /// Every value is as its property describes it.
    public init(from: SHA256Digest, stepKind: String, to: SHA256Digest, optionsDigest: SHA256Digest) {
        self.from = from
        self.stepKind = stepKind
        self.to = to
        self.optionsDigest = optionsDigest
    }
}
