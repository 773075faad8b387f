import BinaryIO
import SystemPackage

/// An importance matrix that a step made.
public struct MatrixFile: Codable, Sendable, Equatable {
    public internal(set) var path: FilePath
    public let digest: SHA256Digest

    /// Describes a finished file.
    /// - Throws: `FileError`.
    init(path: FilePath) throws {
        self.path = path
        digest = try SHA256Digest(ofFile: path)
    }

    /// Whether the file is still what it was. It is small enough to be read each time.
    var isIntact: Bool { (try? SHA256Digest(ofFile: path)) == digest }
}
