import BinaryIO

/// A build that the registry holds.
public struct RegisteredBuild: Codable, Sendable, Equatable {
    /// `model@version:type`
    public let name: String
    /// Of its file.
    public let digest: SHA256Digest
    /// Of its file.
    public let fileBytes: Int
    /// What it takes in the registry; parts that other builds have too count once.
    public let storedBytes: Int
    /// False where the same bytes were published before.
    public let isNew: Bool
}
