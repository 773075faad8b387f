import BinaryIO
import Registry

/// A document about a build, attached to the build's manifest.
public struct PushedDocument: Sendable {
    /// The type that readers look for.
    public let artifactType: String
    /// Media type of the document itself.
    public let mediaType: String
    /// The file's name.
    public let title: String
    /// The bytes of the document.
    public let bytes: [UInt8]
    /// Annotations that distinguish several documents of a kind.
    public let annotations: [String: String]

    /// Creates a value from its parts; each parameter is documented on its property.
    public init(
        _ artifactType: String,
        mediaType: String? = nil,
        title: String,
        bytes: [UInt8],
        annotations: [String: String] = [:]
    ) {
        (self.artifactType, self.mediaType) = (artifactType, mediaType ?? artifactType)
        (self.title, self.bytes, self.annotations) = (title, bytes, annotations)
    }

    /// The metadata of a build in the registry.
    static let factsType = OCILayout.detailsType
    /// The parts of a file with their digests.
    static let partsType = "application/vnd.edgepipe.parts.v1+json"
    /// A signature over a file, in the form of OpenSSF Model Signing.
    static let signatureType = "application/vnd.dev.sigstore.bundle.v0.3+json"

    /// A delta from an older build; see docs/deltas.md.
    static let deltaType = "application/vnd.edgepipe.delta.v1"
    /// The annotation that names the file a delta applies to: its digest, with the prefix `sha256:`.
    static let oldKey = "vnd.edgepipe.delta.from"

    /// The manifest that attaches a document to its subject.
    func manifest(about subject: OCIDescriptor, created: String) -> OCIManifest {
        var manifest = OCIManifest(
            artifactType: artifactType,
            config: OCIEmpty.descriptor,
            layers: [OCIDescriptor(of: bytes, as: mediaType, title: title)],
            subject: subject,
            annotations: annotations.merging(["org.opencontainers.image.created": created]) { own, _ in own }
        )
        manifest.annotations?[OCIDescriptor.titleKey] = title
        return manifest
    }
}
