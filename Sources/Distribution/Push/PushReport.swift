import BinaryIO

/// What was pushed. The names of the fields are a contract with other programs.
public struct PushReport: Codable, Sendable {
    /// One manifest of one build.
    public struct Manifest: Codable, Sendable {
        /// `model@version:type`
        public var build: String
        /// Whose clients it is for.
        public var dialect: Dialect
        /// Where it is: `oci://host/path:tag`.
        public var reference: String
        /// Of the manifest, with its algorithm.
        public var digest: String
    }

    /// In the order of the builds.
    public var pushed: [Manifest] = []
    /// Bytes of blobs that were sent, those included that a cut made vain.
    public var bytesSent = 0
    /// Bytes of blobs that the registry took over from another repository.
    public var bytesMounted = 0
}
