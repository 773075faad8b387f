import BinaryIO
import SystemPackage

/// The location of an adapter, and the strength to merge it with.
public struct AdapterReference: Sendable, Equatable {
    /// The adapter's folder in PEFT's format, or a GGUF file of an adapter.
    public let folder: FilePath
    /// The factor of its strength; 1 keeps the strength of the training.
    public let scale: Float
    /// The adapter's name; the folder of a Hub snapshot is only named after a commit.
    let name: String

    /// - Parameter name: the adapter's name; the folder's by default.
    public init(folder: FilePath, scale: Float = 1, name: String? = nil) {
        self.folder = folder
        self.scale = scale
        self.name = name ?? folder.lexicallyNormalized().lastComponent?.string ?? "adapter"
    }

    /// Whether it is a GGUF file.
    var isFile: Bool { FileStatus(folder)?.isFolder == false && folder.extension?.lowercased() == "gguf" }

    /// The files that determine the merged weights.
    public var inputs: [FilePath] {
        if isFile { return [folder] }
        // If the vocabulary grew, the tokenizer that was saved beside the adapter is used.
        let tokenizer = HuggingFaceFolder.tokenizerFiles.sorted().map { folder.appending($0) }
        return [AdapterConfig.file, LowRankAdapter.weights].map { folder.appending($0) }
            + tokenizer.filter { fileIdentity($0) != nil }
    }
}
