import BinaryIO
import Transfer

/// Attaches documents to a manifest. In registries without the referrers API, it stores the list under a tag.
///
/// Source: distribution specification 1.1, "Pushing manifests with subject" and "Referrers tag schema".
struct Referrers {
    private let outlet: Outlet
    private let subject: OCIDescriptor
    private let created: String

    /// The most times that the tag is written again after another client overwrote it.
    private static let mostTries = 5

    init(_ outlet: Outlet, _ subject: OCIDescriptor, created: String) {
        (self.outlet, self.subject, self.created) = (outlet, subject, created)
    }

    /// Uploads documents and attaches them to the subject.
    func add(_ documents: [PushedDocument]) async throws {
        for document in documents { try await outlet.client.send(document: document.bytes) }
        try await tie(documents.map { $0.manifest(about: subject, created: created) })
    }

    /// Attaches manifests whose blobs are already uploaded to the subject.
    func tie(_ manifests: [OCIManifest]) async throws {
        try await outlet.client.send(document: OCIEmpty.bytes)
        var unlisted: [OCIDescriptor] = []
        for manifest in manifests {
            let bytes = try OCILayout.encode(manifest)
            var descriptor = OCIDescriptor(of: bytes, as: OCIManifest.ociType)
            descriptor.artifactType = manifest.artifactType
            descriptor.annotations = manifest.annotations
            let isListed = try await outlet.client.put(bytes, as: OCIManifest.ociType, under: descriptor.digest)
            if !isListed { unlisted.append(descriptor) }
        }
        if !unlisted.isEmpty { try await list(unlisted) }
    }

    private func list(_ descriptors: [OCIDescriptor]) async throws {
        guard let digest = subject.sha256 else { preconditionFailure("a subject is named by its SHA-256") }
        let tag = OCIClient.referrersTag(of: digest)
        for _ in 0..<Self.mostTries {
            var index = OCIIndex()
            if let stored = try await outlet.client.manifest(tag) {
                index = try outlet.client.index(stored.bytes, "the tag \(tag)")
                index.mediaType = OCIIndex.type
            }
            let missing = descriptors.filter { new in !index.manifests.contains { $0.digest == new.digest } }
            // Another client may have written the tag meanwhile; entries that it lost are added again.
            if missing.isEmpty { return }
            index.manifests += missing
            try await outlet.client.put(OCILayout.encode(index), as: OCIIndex.type, under: tag)
        }
        throw DistributionError.badAnswer(outlet.client.host, "the tag \(tag) does not stay as it is written")
    }
}
