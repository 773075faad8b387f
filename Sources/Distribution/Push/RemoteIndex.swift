import BinaryIO
import Registry
import Transfer

/// The contents of a place in an OCI registry, in one document under a tag: all builds with their metadata. It is
/// derived from what was pushed; a remote query reads nothing else.
struct RemoteIndex: Codable {
    /// One build.
    struct Entry: Codable {
        /// The repository of the build's manifest.
        var repository: String
        /// The digest of docker's manifest, with its algorithm.
        var manifest: String
        /// The first part of the file, which includes its header: it can be read and verified without the rest.
        var head: PartList.Part
        var details: BuildDetails
    }

    var builds: [Entry]
    var channels: [MirroredChannel]

    static let type = "application/vnd.edgepipe.index.v1+json"
    static let tag = "edgepipe-index"
    /// The largest index, in bytes: some thousands of builds.
    static let longest = 256 << 20
    private static let mostTries = 5

    /// The descriptor of a place's index; nil if there is none.
    static func layer(_ client: OCIClient) async throws -> OCIDescriptor? {
        guard let stored = try await client.manifest(tag) else { return nil }
        let place = "\(client.host)/\(client.repository):\(tag)"
        let manifest = try OCILayout.decode(OCIManifest.self, from: stored.bytes, of: place)
        guard let layer = manifest.layers.first(where: { $0.mediaType == type }) else {
            throw DistributionError.badAnswer(client.host, "what is tagged \(tag) is not an index of builds")
        }
        return layer
    }

    /// The index of a place, with the digest of its bytes; nil if there is none.
    static func read(_ client: OCIClient) async throws -> (index: RemoteIndex, digest: SHA256Digest)? {
        guard let layer = try await layer(client) else { return nil }
        let bytes = try await client.document(layer, limit: longest)
        let index = try OCILayout.decode(
            RemoteIndex.self,
            from: bytes,
            of: "\(client.host)/\(client.repository):\(tag)"
        )
        return (index, SHA256Digest(of: bytes))
    }

    /// Adds what was pushed to the existing index. Builds of the same name are replaced, others stay.
    func merge(into client: OCIClient) async throws {
        for _ in 0..<Self.mostTries {
            let old = try await Self.read(client)
            let merged = adding(to: old?.index ?? RemoteIndex(builds: [], channels: []))
            let bytes = try OCILayout.encode(merged)
            if let old, old.digest == SHA256Digest(of: bytes) { return }
            try await Self.send(bytes, client)
            // Another client may have read the same old index and written its own since.
            if try await Self.read(client)?.digest == SHA256Digest(of: bytes) { return }
        }
        throw DistributionError.badAnswer(client.host, "the tag \(Self.tag) does not stay as it is written")
    }

    private func adding(to old: RemoteIndex) -> RemoteIndex {
        let names = Set(builds.map(\.details.build.name))
        let kept = old.builds.filter { !names.contains($0.details.build.name) }
        let moved = Set(channels.map { "\($0.model)@\($0.name)" })
        return RemoteIndex(
            builds: (kept + builds).sorted { "\($0.details.build.name)" < "\($1.details.build.name)" },
            channels: (old.channels.filter { !moved.contains("\($0.model)@\($0.name)") } + channels)
                .sorted { ($0.model, $0.name) < ($1.model, $1.name) }
        )
    }

    private static func send(_ bytes: [UInt8], _ client: OCIClient) async throws {
        for bytes in [bytes, OCIEmpty.bytes] { try await client.send(document: bytes) }
        try await client.put(OCILayout.encode(manifest(of: bytes)), as: OCIManifest.ociType, under: tag)
    }

    /// The manifest of an index.
    static func manifest(of bytes: [UInt8]) -> OCIManifest {
        OCIManifest(
            artifactType: type,
            config: OCIEmpty.descriptor,
            layers: [OCIDescriptor(of: bytes, as: type, title: "index.json")]
        )
    }
}
