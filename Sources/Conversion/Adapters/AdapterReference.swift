import BinaryIO
import SystemPackage

/// Where an adapter is and how much of it is merged.
public struct AdapterReference: Sendable, Equatable {
    /// The adapter's folder, as PEFT writes it, or a GGUF file of an adapter.
    public let folder: FilePath
    /// 1 for the strength that it was trained with.
    public let scale: Float
    /// What it is called; a snapshot of the Hub's has a commit for a folder's name.
    let name: String

    /// - Parameter name: the folder's where nil.
    public init(folder: FilePath, scale: Float = 1, name: String? = nil) {
        self.folder = folder
        self.scale = scale
        self.name = name ?? folder.lexicallyNormalized().lastComponent?.string ?? "adapter"
    }

    /// Whether it is a GGUF file.
    var isFile: Bool { FileStatus(folder)?.isFolder == false && folder.extension?.lowercased() == "gguf" }

    /// The files that decide on what is merged.
    public var inputs: [FilePath] {
        if isFile { return [folder] }
        // A vocabulary that grew takes the tokenizer that was saved beside it.
        let tokenizer = HuggingFaceFolder.tokenizerFiles.sorted().map { folder.appending($0) }
        return [AdapterConfig.file, LowRankAdapter.weights].map { folder.appending($0) }
            + tokenizer.filter { fileIdentity($0) != nil }
    }
}
