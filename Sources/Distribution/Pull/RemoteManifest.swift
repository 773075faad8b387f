import BinaryIO
import Transfer

/// The model's files in a manifest of any dialect.
struct RemoteManifest {
    /// The digest of the manifest.
    let digest: SHA256Digest
    let file: OCIDescriptor
    /// The model's projector; nil if it has none.
    let projector: OCIDescriptor?

    private static let fileTypes = [DockerModel.fileType, ModelPack.fileType, OllamaModel.fileType]
    private static let projectorTypes = [DockerModel.projectorType, OllamaModel.projectorType]

    /// - Parameter name: a tag, or a digest with its algorithm.
    /// - Throws: `DistributionError`.
    init(_ name: String, in client: OCIClient) async throws {
        let what = "\(client.repository):\(name)"
        guard let stored = try await client.manifest(name) else {
            throw DistributionError.missing(client.host, what: "manifest \(name) in \(client.repository)")
        }
        let json = try? JSONValue(parsing: stored.bytes)
        // A document that is both a manifest and an index could be checked as one and used as the other.
        guard let json, json["manifests"] == nil || json["layers"] == nil else {
            throw DistributionError.badAnswer(client.host, "\(what) is not a manifest, or two in one")
        }
        guard json["manifests"] == nil else {
            throw DistributionError.badAnswer(
                client.host,
                "\(what) is a list of manifests. Name one of them by its tag"
            )
        }
        let manifest = try OCILayout.decode(OCIManifest.self, from: stored.bytes, of: "\(client.host)/\(what)")
        guard manifest.mediaType == nil || manifest.mediaType == stored.mediaType else {
            throw DistributionError.badAnswer(
                client.host,
                "\(what) says that it is of another type than the answer says"
            )
        }
        for layer in manifest.layers where layer.sha256 == nil || layer.size < 0 {
            throw DistributionError.badAnswer(client.host, "\(what) names a file by no SHA-256, or with no size")
        }
        let files = manifest.layers.filter { Self.fileTypes.contains($0.mediaType) }
        let known = manifest.layers.first { Self.projectorTypes.contains($0.mediaType) }
        guard let file = files.first ?? known else {
            throw DistributionError.badAnswer(client.host, "\(what) holds no GGUF file")
        }
        digest = stored.digest
        self.file = file
        // ModelPack has one type for all weights, and lists the model first.
        projector =
            files.isEmpty ? nil : known ?? (file.mediaType == ModelPack.fileType ? files.dropFirst().first : nil)
    }
}
