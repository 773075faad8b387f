import BinaryIO
import SystemPackage

/// A text in two parts: what costs are worked out on, and what builds are judged on.
struct Calibration {
    let path: FilePath
    /// For gradients and activations.
    let learned: [UInt8]
    /// The last quarter, held back: builds are compared on it.
    let judged: [UInt8]
    let digest: SHA256Digest

    /// How far after three quarters a line's end is looked for, in bytes.
    private static let slack = 4096

    /// - Throws: `FileError`.
    init(path: FilePath) throws {
        let bytes = try readFile(path, limit: ValidateStep.textLimit)
        self.path = path
        digest = SHA256Digest(of: bytes)
        let middle = bytes.count / 4 * 3
        let line = bytes[middle...].prefix(Self.slack).firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? middle
        // A character of several bytes is not cut.
        let cut = bytes[line...].firstIndex { $0 & 0xc0 != 0x80 } ?? bytes.endIndex
        (learned, judged) = (Array(bytes[..<cut]), Array(bytes[cut...]))
    }
}
