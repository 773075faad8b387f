import BinaryIO
import Foundation
import SystemPackage

/// A folder in the form of an OCI image layout, which registries of containers and `oras` read, and nothing else is needed
/// for: builds leave a registry in it and come back.
///
/// Each build is one manifest with the raw GGUF file as a layer, so that its blob has the build's own digest, and what
/// the registry knows of it as a second layer. Source: OCI image specification 1.1, image-layout.md and manifest.md; the
/// types of config and layer are those that Docker's model runner takes.
struct OCILayout {
    struct Descriptor: Codable {
        var mediaType: String
        var digest: String
        var size: Int
        var annotations: [String: String]?

        /// The digest, or nil where it is no SHA-256: only a parsed digest ever becomes a path.
        var sha256: SHA256Digest? {
            digest.hasPrefix("sha256:") ? SHA256Digest(hex: digest.dropFirst("sha256:".count)) : nil
        }
    }

    struct Manifest: Codable {
        var schemaVersion = 2
        var mediaType = manifestType
        var config: Descriptor
        var layers: [Descriptor]
        var annotations: [String: String]?
    }

    struct Index: Codable {
        var schemaVersion = 2
        var mediaType = "application/vnd.oci.image.index.v1+json"
        var manifests: [Descriptor]
    }

    struct Config: Codable {
        struct Model: Codable {
            var format = "gguf"
            var quantization: String
        }
        struct Files: Codable {
            var type = "rootfs"
            // The specification's own spelling.
            var diffIDs: [String]

            enum CodingKeys: String, CodingKey {
                case type
                case diffIDs = "diff_ids"
            }
        }
        var config: Model
        var descriptor: [String: String]
        var rootfs: Files
    }

    static let manifestType = "application/vnd.oci.image.manifest.v1+json"
    static let configType = "application/vnd.docker.ai.model.config.v0.1+json"
    static let fileType = "application/vnd.docker.ai.gguf.v3"
    static let detailsType = "application/vnd.edgepipe.build.v1+json"
    static let titleKey = "org.opencontainers.image.title"
    static let nameKey = "org.opencontainers.image.ref.name"
    /// What a document of a layout may take at most; the specification asks for four megabytes.
    static let longestDocument = 16 << 20

    let folder: FilePath

    func path(of digest: SHA256Digest) -> FilePath {
        folder.appending("blobs").appending("sha256").appending(digest.description)
    }

    /// Writes a small blob, unless it is there.
    func write(_ value: some Encodable, as mediaType: String, title: String? = nil) throws -> Descriptor {
        let bytes = try Self.encode(value)
        let digest = SHA256Digest(of: bytes)
        try writeFile(bytes, to: path(of: digest))
        return Descriptor(
            mediaType: mediaType,
            digest: "sha256:\(digest)",
            size: bytes.count,
            annotations: title.map { [Self.titleKey: $0] }
        )
    }

    /// The index, or nil where the folder has none yet.
    func index() throws -> Index? {
        let path = folder.appending("index.json")
        guard FileStatus(path) != nil else { return nil }
        return try decode(Index.self, from: readFile(path, limit: Self.longestDocument), of: path)
    }

    /// Writes the index last: a layout that was interrupted shows the builds it showed before.
    func write(_ index: Index) throws {
        try writeFile(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), to: folder.appending("oci-layout"))
        try writeFile(Self.encode(index), to: folder.appending("index.json"))
    }

    /// A small blob, verified.
    func read<Value: Decodable>(_ type: Value.Type, at descriptor: Descriptor) throws -> Value {
        let path = try path(of: descriptor)
        let bytes = try readFile(path, limit: Self.longestDocument)
        guard bytes.count == descriptor.size, SHA256Digest(of: bytes) == descriptor.sha256 else {
            throw damage(path, "its bytes are not those that the layout names")
        }
        return try decode(type, from: bytes, of: path)
    }

    func path(of descriptor: Descriptor) throws -> FilePath {
        guard let digest = descriptor.sha256 else {
            throw damage(folder.appending("index.json"), "\"\(descriptor.digest.prefix(80))\" is no SHA-256")
        }
        return path(of: digest)
    }

    func damage(_ path: FilePath, _ detail: String) -> PipelineError {
        .badRequest("\(path): \(detail). Export it again.")
    }

    private func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8], of path: FilePath) throws -> Value {
        do {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            return try decoder.decode(type, from: Data(bytes))
        } catch is DecodingError {
            throw damage(path, "it is not the document that belongs there")
        }
    }

    private static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return Array(try encoder.encode(value))
    }
}
