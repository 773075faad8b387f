import Crypto
import Foundation

/// A part that an earlier run uploaded.
struct S3Part {
    let tag: String
    let byteCount: Int
    let checksum: String?

    /// Whether the part has these bytes, by its checksum; services without checksums identify a part by its MD5.
    func isOf(_ bytes: [UInt8], _ own: String) -> Bool {
        guard byteCount == bytes.count else { return false }
        if let checksum { return checksum == own }
        let digest = Insecure.MD5.hash(data: bytes).map { String(format: "%02x", $0) }.joined()
        return tag.filter { $0 != "\"" } == digest
    }
}
