import BinaryIO
import Registry

/// A manifest as an OCI registry would have it after a push of the build.
package struct ServedManifest: Sendable {
    /// The bytes of the manifest.
    package let bytes: [UInt8]
    /// SHA-256 of the manifest.
    package let digest: SHA256Digest
    /// The media type of the manifest.
    package let mediaType: String
    /// The kind of client that it is for; nil for a document about a build.
    package let dialect: Dialect?
    /// The tag; nil if it can only be found by its digest.
    package let tag: String?
    /// The type of a document about a build; nil for other manifests.
    package let artifactType: String?
    /// The annotations of the manifest.
    package let annotations: [String: String]?

    /// Makes an encoded manifest.
    init(
        _ bytes: [UInt8],
        as mediaType: String = OCIManifest.ociType,
        for dialect: Dialect? = nil,
        tag: String? = nil,
        artifactType: String? = nil,
        annotations: [String: String]? = nil
    ) {
        (self.bytes, digest, self.mediaType) = (bytes, SHA256Digest(of: bytes), mediaType)
        (self.dialect, self.tag) = (dialect, tag)
        (self.artifactType, self.annotations) = (artifactType, annotations)
    }

    /// Makes the manifest of a document about a build.
    fileprivate init(attached manifest: OCIManifest) throws {
        let bytes = try OCILayout.encode(manifest)
        self.init(bytes, artifactType: manifest.artifactType, annotations: manifest.annotations)
    }
}

/// A small blob that manifests refer to.
package struct ServedBlob: Sendable {
    /// The bytes.
    package let bytes: [UInt8]
    /// SHA-256 of the bytes.
    package let digest: SHA256Digest

    init(_ bytes: [UInt8]) { (self.bytes, digest) = (bytes, SHA256Digest(of: bytes)) }
}

/// Everything, except files of builds, that an OCI registry has after a push of a build: the same bytes, under the same
/// digests.
package struct BuildDocuments: Sendable {
    /// A manifest for each dialect, docker's first; a projector has docker's only.
    package let manifests: [ServedManifest]
    /// Documents about the build, attached to docker's manifest.
    package let referrers: [ServedManifest]
    /// The blobs that the manifests refer to, except the build's files.
    package let blobs: [ServedBlob]
    /// The build and its projector.
    package let files: [BuildRecord]
    /// Existing deltas from older builds.
    package let deltas: [DeltaShelf.Entry]
}

extension ModelRegistry {
    /// The documents that a push of a build would store in an OCI registry.
    /// - Parameter documents: additional documents about the build, beside those that a registry makes itself.
    /// - Throws: `RegistryError`; `DistributionError.halfPair` for a build whose projector is not in the registry.
    package func documents(of record: BuildRecord, with documents: [PushedDocument]) throws -> BuildDocuments {
        let build = DescribedBuild(record, try projector(of: record))
        var blobs: [ServedBlob] = []
        var manifests: [ServedManifest] = []
        var subject: OCIDescriptor?
        for dialect in record.name.isProjector ? [Dialect.docker] : Dialect.allCases {
            let made = try dialect.manifest(of: build)
            let bytes = try made.encoded()
            let type = made.manifest.mediaType ?? OCIManifest.ociType
            blobs.append(ServedBlob(made.config.bytes))
            if dialect == .docker { subject = OCIDescriptor(of: bytes, as: type) }
            manifests.append(
                ServedManifest(
                    bytes,
                    as: type,
                    for: dialect,
                    tag: dialect.tag(of: record.name),
                    annotations: made.manifest.annotations
                )
            )
        }
        guard let subject else { preconditionFailure("docker's manifest is always made") }
        blobs.append(ServedBlob(OCIEmpty.bytes))
        var referrers = try (self.documents(about: build) + documents).map { document in
            blobs.append(ServedBlob(document.bytes))
            return try ServedManifest(attached: document.manifest(about: subject, created: build.created))
        }
        let deltas = record.name.isProjector ? [] : DeltaShelf(beside: path).entries(to: record.digest)
        referrers += try deltas.map { try ServedManifest(attached: $0.manifest(to: build, subject)) }
        return BuildDocuments(
            manifests: manifests,
            referrers: referrers,
            blobs: blobs,
            files: [record] + (build.projector.map { [$0] } ?? []),
            deltas: deltas
        )
    }

    /// Facts, the list of parts and signatures: the documents that a registry makes itself about a build.
    func documents(about build: DescribedBuild) throws -> [PushedDocument] {
        let record = build.record
        let own = [
            PushedDocument(
                PushedDocument.factsType,
                title: "\(build.stem).json",
                bytes: try OCILayout.encode(try details(of: record))
            ),
            PushedDocument(
                PushedDocument.partsType,
                title: "\(build.stem).parts.json",
                bytes: try OCILayout.encode(try partList(of: record))
            ),
        ]
        return try own
            + signatureBundles(of: record.digest).map { key, bundle in
                PushedDocument(
                    PushedDocument.signatureType,
                    title: "\(build.stem).\(key.short).sig",
                    bytes: Array(bundle.utf8),
                    annotations: ["vnd.edgepipe.key": "sha256:\(key)"]
                )
            }
    }
}
