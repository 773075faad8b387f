import BinaryIO
import Registry

/// The list of builds that a remote query reads first, as a push would leave it.
package struct IndexDocuments: Sendable {
    /// The tag of the list.
    package static let tag = RemoteIndex.tag
    /// The repository where a server has the list of all its builds.
    package static let wholeRepository = RemoteIndex.tag
    /// The manifest of the list.
    package let manifest: ServedManifest
    /// The list, and the empty configuration.
    package let blobs: [ServedBlob]

    /// - Parameters:
    ///   - builds: the builds to list.
    ///   - manifests: the digests of docker's manifests, by build.
    ///   - repository: returns the repository of a build.
    /// - Throws: `RegistryError`.
    package init(
        of builds: [BuildRecord],
        manifests: [BuildName: SHA256Digest],
        _ registry: ModelRegistry,
        repository: (BuildName) -> String
    ) throws {
        let entries = try builds.compactMap { build -> RemoteIndex.Entry? in
            guard let manifest = manifests[build.name] else { return nil }
            return RemoteIndex.Entry(
                repository: repository(build.name),
                manifest: "sha256:\(manifest)",
                head: try registry.partList(of: build).parts[0],
                details: try registry.details(of: build)
            )
        }
        let models = Set(builds.map(\.name.model))
        let channels = try registry.versions().filter { models.contains($0.model) }.flatMap { version in
            version.channels.map { MirroredChannel(model: version.model, name: $0, version: version.version) }
        }
        let index = RemoteIndex(
            builds: entries.sorted { "\($0.details.build.name)" < "\($1.details.build.name)" },
            channels: channels.sorted { ($0.model, $0.name) < ($1.model, $1.name) }
        )
        let list = try OCILayout.encode(index)
        let document = try OCILayout.encode(RemoteIndex.manifest(of: list))
        blobs = [ServedBlob(list), ServedBlob(OCIEmpty.bytes)]
        manifest = ServedManifest(document, tag: Self.tag, artifactType: RemoteIndex.type)
    }
}

/// A list of manifests in the form of the referrers API.
package enum ReferrersList {
    /// Media type of the list.
    package static let mediaType = OCIIndex.type

    /// - Throws: `EncodingError`, never for values of a registry.
    package static func encode(_ manifests: [ServedManifest]) throws -> [UInt8] {
        try OCILayout.encode(
            OCIIndex(
                manifests.map { manifest in
                    var descriptor = OCIDescriptor(of: manifest.bytes, as: manifest.mediaType)
                    (descriptor.artifactType, descriptor.annotations) = (manifest.artifactType, manifest.annotations)
                    return descriptor
                }
            )
        )
    }
}
