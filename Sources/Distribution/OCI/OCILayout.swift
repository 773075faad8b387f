import BinaryIO
import Foundation

/// The OCI image layout in which builds are exported and imported: a folder, or a tar file of one. Container registries
/// and `oras` read it.
///
/// Each build is one manifest. The raw GGUF file is a layer, so that its blob has the build's own digest; the build's
/// metadata is a second layer. Source: OCI image specification 1.1, image-layout.md and manifest.md. The types of
/// config and layer are those that Docker's model runner accepts.
enum OCILayout {
    static let detailsType = "application/vnd.edgepipe.build.v1+json"
    static let nameKey = "org.opencontainers.image.ref.name"
    /// The largest document of a layout, in bytes; the specification requires four megabytes.
    static let longestDocument = 16 << 20

    static let marker = (name: "oci-layout", bytes: Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
    static let indexName = "index.json"

    /// The path of a blob in a layout.
    static func name(of digest: SHA256Digest) -> String { "blobs/sha256/\(digest)" }

    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return Array(try encoder.encode(value))
    }

    /// - Parameter place: the path of the document, for the error.
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
