import BinaryIO

/// A build that the registry holds.
public struct RegisteredBuild: Codable, Sendable, Equatable {
    /// The name, `model@version:type`.
    public let name: String
    /// The SHA-256 of its file.
    public let digest: SHA256Digest
    /// The size of its file, in bytes.
    public let fileBytes: Int
    /// The bytes stored in the registry; parts shared with other builds count once.
    public let storedBytes: Int
    /// False if the same bytes were published before.
    public let isNew: Bool
}
