import BinaryIO

/// The kind, digest and size of bytes in a registry.
struct OCIDescriptor: Codable, Hashable {
    var mediaType: String
    var digest: String
    var size: Int
    var annotations: [String: String]?
    /// The type of an artifact that is not an image; for manifests only.
    var artifactType: String?

    /// The digest; nil if it is not a SHA-256. Only a parsed digest ever becomes a path.
    var sha256: SHA256Digest? {
        digest.hasPrefix("sha256:") ? SHA256Digest(hex: digest.dropFirst("sha256:".count)) : nil
    }

    static let titleKey = "org.opencontainers.image.title"

    init(mediaType: String, digest: String, size: Int, annotations: [String: String]? = nil) {
        (self.mediaType, self.digest, self.size, self.annotations) = (mediaType, digest, size, annotations)
    }

    init(of bytes: [UInt8], as mediaType: String, title: String? = nil) {
        self.init(
            mediaType: mediaType,
            digest: "sha256:\(SHA256Digest(of: bytes))",
            size: bytes.count,
            annotations: title.map { [Self.titleKey: $0] }
        )
    }
}

/// The components of a build, or of a document about it. Source: OCI image specification 1.1, manifest.md.
struct OCIManifest: Codable {
    var schemaVersion = 2
    /// Optional in the specification.
    var mediaType: String?
    var artifactType: String?
    var config: OCIDescriptor
    var layers: [OCIDescriptor]
    /// The manifest that this one describes.
    var subject: OCIDescriptor?
    var annotations: [String: String]?

    static let ociType = "application/vnd.oci.image.manifest.v1+json"
    static let dockerType = "application/vnd.docker.distribution.manifest.v2+json"

    init(
        mediaType: String = ociType,
        artifactType: String? = nil,
        config: OCIDescriptor,
        layers: [OCIDescriptor],
        subject: OCIDescriptor? = nil,
        annotations: [String: String]? = nil
    ) {
        (self.mediaType, self.artifactType, self.config, self.layers) = (mediaType, artifactType, config, layers)
        (self.subject, self.annotations) = (subject, annotations)
    }
}

/// A list of manifests. Source: OCI image specification 1.1, image-index.md.
struct OCIIndex: Codable {
    var schemaVersion = 2
    /// Optional in the specification, and omitted by skopeo.
    var mediaType: String?
    var manifests: [OCIDescriptor]

    static let type = "application/vnd.oci.image.index.v1+json"

    init(_ manifests: [OCIDescriptor] = []) { (mediaType, self.manifests) = (Self.type, manifests) }
}

/// The configuration of an artifact without one: the two bytes `{}`.
enum OCIEmpty {
    static let bytes = Array("{}".utf8)
    static let type = "application/vnd.oci.empty.v1+json"
    static var descriptor: OCIDescriptor { OCIDescriptor(of: bytes, as: type) }
}
