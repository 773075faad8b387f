import BinaryIO
import SystemPackage

/// A model as it comes in: a folder of the Hugging Face kind, and a digest over all files that a conversion reads.
public struct SourceCheckpoint: Sendable {
    /// Where the model comes from, as the pipeline says it; a model of the Hub with its commit.
    public let uri: String
    public let folder: FilePath
    /// owner/name of a model of the Hub.
    public let repository: String?
    public let digest: SHA256Digest
}
