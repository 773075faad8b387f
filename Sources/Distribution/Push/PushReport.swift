import BinaryIO

/// The result of a push. The names of the fields are a contract with other programs.
public struct PushReport: Codable, Sendable {
    /// One manifest of one build.
    public struct Manifest: Codable, Sendable {
        /// `model@version:type`
        public var build: String
        /// The kind of client that it is for.
        public var dialect: Dialect
        /// The reference: `oci://host/path:tag`.
        public var reference: String
        /// The digest of the manifest, with its algorithm.
        public var digest: String
    }

    /// The manifests, in the order of the builds.
    public var pushed: [Manifest] = []
    /// Bytes of blobs that were uploaded, including those that a broken connection lost.
    public var bytesSent = 0
    /// Bytes of blobs that the registry mounted from another repository.
    public var bytesMounted = 0
}
