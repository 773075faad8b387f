import BinaryIO
import SystemPackage

/// A text in two parts: one for computing costs, and one for judging builds.
struct Calibration {
    let path: FilePath
    /// The part for gradients and activations.
    let learned: [UInt8]
    /// The held-back last quarter, on which builds are compared.
    let judged: [UInt8]
    let digest: SHA256Digest

    /// The distance after three quarters within which a line end is searched, in bytes.
    private static let slack = 4096

    /// - Throws: `FileError`.
    init(path: FilePath) throws {
        let bytes = try readFile(path, limit: ValidateStep.textLimit)
        self.path = path
        digest = SHA256Digest(of: bytes)
        let middle = bytes.count / 4 * 3
        let line = bytes[middle...].prefix(Self.slack).firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? middle
        // The cut must not split a multibyte character.
        let cut = bytes[line...].firstIndex { $0 & 0xc0 != 0x80 } ?? bytes.endIndex
        (learned, judged) = (Array(bytes[..<cut]), Array(bytes[cut...]))
    }
}
