import BinaryIO

/// A build that the registry holds.
public struct RegisteredBuild: Codable, Sendable, Equatable {
    /// `model@version:type`
    public let name: String
    public let digest: SHA256Digest
    public let fileBytes: Int
    public let storedBytes: Int
    /// False where the same bytes were published before.
    public let isNew: Bool
}
