import BinaryIO
import Foundation
import SystemPackage

/// The cache's record of one finished node, as the JSON in `ac/<key>`.
///
/// The file is `{"sha256":"<digest>","action":<JSON>}`, with the digest of the bytes of `<JSON>`: a truncated or
/// changed record is ignored. A record of another format is ignored, too, so versions of edgepipe may share a folder.
package struct ActionRecord: Sendable {
    /// A file of the product.
    struct File: Codable, Sendable {
        /// The file's name: one plain component, which is valid in a product's folder.
        let name: String
        let bytes: Int
        let sha256: SHA256Digest
    }

    private struct Body: Codable {
        let format: Int
        let key: SHA256Digest
        let kind: String
        let implementation: Int
        let edgepipe: String
        let seconds: Double
        /// The amount of work done, in the unit of the kind's forecast.
        let work: Double?
        let finishedAt: String
        let files: [File]
        let outputs: [String]?
        /// The facts as JSON in a string; the kind that wrote it parses it.
        let facts: String
    }

    /// The format version, raised whenever older programs would misread a record.
    private static let format = 1
    /// The largest record that is read, in bytes; a build of ten thousand tensors has two million.
    package static let sizeLimit = 64 << 20
    private static let head = Array(#"{"sha256":""#.utf8)
    private static let middle = Array(#"","action":"#.utf8)
    private static let digits = 64

    private let body: Body

    /// Describes a finished node.
    /// - Parameters:
    ///   - digest: the key, or the node's key by content.
    ///   - work: the amount of work done in `seconds`; nil for none.
    init(
        _ product: StepProduct,
        under digest: SHA256Digest,
        of key: StepKey,
        version: String,
        seconds: Double,
        work: Double?
    ) {
        body = Body(
            format: Self.format,
            key: digest,
            kind: key.kind,
            implementation: key.version,
            edgepipe: version,
            seconds: seconds,
            work: work,
            finishedAt: Date().formatted(.iso8601),
            files: product.files.map { File(name: $0.name, bytes: $0.byteCount, sha256: $0.digest) },
            outputs: product.outputs,
            facts: product.facts
        )
    }

    /// Decodes the bytes that a place returned.
    /// - Returns: nil unless the bytes are a whole record of this format under this key.
    package init?(_ bytes: [UInt8], for key: SHA256Digest) {
        let start = Self.head.count + Self.digits + Self.middle.count
        guard bytes.count > start + 1, bytes.starts(with: Self.head), bytes.last == UInt8(ascii: "}"),
            bytes[(Self.head.count + Self.digits)...].starts(with: Self.middle),
            let digest = SHA256Digest(
                hex: String(decoding: bytes[Self.head.count..<(Self.head.count + Self.digits)], as: UTF8.self)
            )
        else { return nil }
        let json = bytes[start..<(bytes.count - 1)]
        guard json.withUnsafeBytes({ SHA256Digest(of: $0) }) == digest,
            let body = try? JSONDecoder().decode(Body.self, from: Data(json)),
            body.format == Self.format, body.key == key,
            body.files.allSatisfy({ $0.bytes >= 0 && Self.isPlain($0.name) }),
            Set(body.files.map(\.name)).count == body.files.count
        else { return nil }
        self.body = body
    }

    /// Encodes the record as it is written.
    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = try encoder.encode(body)
        return Self.head + Array("\(SHA256Digest(of: json))".utf8) + Self.middle + json + [UInt8(ascii: "}")]
    }

    /// Returns the product, with its files under a folder.
    func product(in folder: FilePath) -> StepProduct {
        let files = body.files.map {
            StepProduct.File(path: folder.appending($0.name), byteCount: $0.bytes, digest: $0.sha256)
        }
        return StepProduct(files: files, facts: body.facts, outputs: body.outputs)
    }

    /// The files of the product.
    package var files: [CachedFile] { body.files.map { CachedFile(digest: $0.sha256, byteCount: $0.bytes) } }

    /// Whether a name in a record is valid for a file: one component, visible, and of a length that disks accept.
    private static func isPlain(_ name: String) -> Bool {
        guard let component = FilePath.Component(name), component.kind == .regular else { return false }
        return component.string == name && !name.hasPrefix(".") && name.utf8.count <= 255
    }
}
