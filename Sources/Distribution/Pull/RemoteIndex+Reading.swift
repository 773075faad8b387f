import BinaryIO
import Registry
import Transfer

extension RemoteIndex {
    /// The most tags that are read one by one, in a registry without an index, such as one that another program copied
    /// to.
    private static let mostTags = 10_000

    /// The builds that a reference means: all builds of the place, or the one of its tag.
    static func wanted(from client: OCIClient, _ reference: OCIReference) async throws -> RemoteIndex {
        if let name = reference.digest.map({ "sha256:\($0)" }) ?? reference.tag, name != tag {
            guard let entry = try await entry(name, client) else {
                throw DistributionError.missing(client.host, what: "facts about \(client.repository):\(name)")
            }
            return RemoteIndex(builds: [entry], channels: [])
        }
        if let known = try await read(client) { return known.index }
        var entries: [Entry] = []
        for tag in try await client.tags(limit: mostTags)
        where Dialect.allCases.allSatisfy({ !tag.hasSuffix("-\($0)") }) {
            // Artifacts of other programs are skipped.
            guard let entry = try? await entry(tag, client) else { continue }
            if !entries.contains(where: { $0.manifest == entry.manifest }) { entries.append(entry) }
        }
        return RemoteIndex(builds: entries, channels: [])
    }

    /// Reads a build from its manifest, with the facts that are attached to it or included as in an export; nil if
    /// there are none.
    private static func entry(_ name: String, _ client: OCIClient) async throws -> Entry? {
        guard let stored = try await client.manifest(name) else {
            throw DistributionError.missing(client.host, what: "manifest \(name) in \(client.repository)")
        }
        let manifest = try OCILayout.decode(OCIManifest.self, from: stored.bytes, of: "\(client.host): \(name)")
        var facts = manifest.layers.first { $0.mediaType == OCILayout.detailsType }
        if facts == nil {
            let known = try await client.referrers(of: stored.digest)
            guard let referrer = known.first(where: { $0.artifactType == PushedDocument.factsType }),
                let attached = try await client.manifest(referrer.digest)
            else { return nil }
            facts = try OCILayout.decode(OCIManifest.self, from: attached.bytes, of: client.host).layers.first
        }
        guard let facts else { return nil }
        let bytes = try await client.document(facts, limit: OCILayout.longestDocument)
        let details = try OCILayout.decode(BuildDetails.self, from: bytes, of: "\(client.host): \(name)")
        // Facts about another file than the manifest's own must not be used.
        guard manifest.layers.contains(where: { $0.digest == "sha256:\(details.build.digest)" }) else { return nil }
        return Entry(
            repository: client.repository,
            manifest: "sha256:\(stored.digest)",
            // Only an index gives the end of the header; without one, the whole file is the only known part.
            head: .init(at: 0, size: details.build.fileBytes, sha256: details.build.digest),
            details: details
        )
    }
}
