import BinaryIO
import Conversion
import GGUF
import SystemPackage

/// A model as it comes in: a folder of the Hugging Face kind or a GGUF file, adapters, and a digest over all files that
/// are read.
public struct SourceCheckpoint: Sendable {
    /// Where the model comes from, as the pipeline says it; a model of the Hub with its commit.
    public let uri: String
    /// The folder or the file.
    public let path: FilePath
    /// owner/name of a model of the Hub.
    public let repository: String?
    public let adapters: [AdapterReference]
    public let digest: SHA256Digest

    /// Whether the model is converted already.
    var isFile: Bool { Self.isFile(path) }

    /// The files that are read of a model at `path`, but for adapters.
    static func inputs(_ path: FilePath) throws -> [FilePath] {
        isFile(path) ? try GGUFModel(path: path).inputs : try HuggingFaceFolder(path: path).inputs
    }

    private static func isFile(_ path: FilePath) -> Bool { FileStatus(path)?.isFolder == false }
}
