import BinaryIO
import Foundation

/// The form of an OCI image layout, which registries of containers and `oras` read, and nothing else is needed for: builds
/// leave a registry in it and come back. It is a folder, or a tar file of one.
///
/// Each build is one manifest with the raw GGUF file as a layer, so that its blob has the build's own digest, and what
/// the registry knows of it as a second layer. Source: OCI image specification 1.1, image-layout.md and manifest.md; the
/// types of config and layer are those that Docker's model runner takes.
enum OCILayout {
    static let detailsType = "application/vnd.edgepipe.build.v1+json"
    static let nameKey = "org.opencontainers.image.ref.name"
    /// What a document of a layout may take at most; the specification asks for four megabytes.
    static let longestDocument = 16 << 20

    static let marker = (name: "oci-layout", bytes: Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
    static let indexName = "index.json"

    /// Where a blob lies in a layout.
    static func name(of digest: SHA256Digest) -> String { "blobs/sha256/\(digest)" }

    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return Array(try encoder.encode(value))
    }

    /// - Parameter place: where the document lies, for the error.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8], of place: String) throws -> Value {
        do {
            let decoder = JSONDecoder()
            decoder.dateDecodingStrategy = .iso8601
            return try decoder.decode(type, from: Data(bytes))
        } catch is DecodingError {
            throw DistributionError.damage(place, "it is not the document that belongs there")
        }
    }
}
