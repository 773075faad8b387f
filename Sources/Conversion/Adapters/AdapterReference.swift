import SystemPackage

/// An adapter's folder and how much of it is merged.
public struct AdapterReference: Sendable, Equatable {
    /// The adapter's folder, as PEFT writes it.
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

    /// The files that decide on what is merged.
    public var inputs: [FilePath] { [AdapterConfig.file, LowRankAdapter.weights].map { folder.appending($0) } }
}
