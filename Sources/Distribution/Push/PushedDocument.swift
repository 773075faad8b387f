import BinaryIO
import Registry

/// A document about a build, which is attached to the build's manifest.
public struct PushedDocument: Sendable {
    /// What readers look for.
    public let artifactType: String
    /// Of the document itself.
    public let mediaType: String
    /// The file's name.
    public let title: String
    /// The document.
    public let bytes: [UInt8]
    /// Says which of several documents of a kind it is.
    public let annotations: [String: String]

    /// Every value is as its property describes it.
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

    /// What the registry knows of a build.
    static let factsType = OCILayout.detailsType
    /// The parts of a file with their digests.
    static let partsType = "application/vnd.edgepipe.parts.v1+json"
    /// A signature over a file, as OpenSSF Model Signing has it.
    static let signatureType = "application/vnd.dev.sigstore.bundle.v0.3+json"

    /// What leads to a build from an older one; see docs/deltas.md.
    static let deltaType = "application/vnd.edgepipe.delta.v1"
    /// Says which file a delta leads from, as `sha256:` and its digest.
    static let oldKey = "vnd.edgepipe.delta.from"

    /// The manifest that ties a document to what it is about.
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
