import SystemPackage

/// An adapter's folder and how much of it is merged.
public struct AdapterReference: Sendable, Equatable {
    public let folder: FilePath
    /// 1 for the strength that it was trained with.
    public let scale: Float

    public init(folder: FilePath, scale: Float = 1) {
        self.folder = folder
        self.scale = scale
    }

    /// The files that decide on what is merged.
    public var inputs: [FilePath] { [AdapterConfig.file, LowRankAdapter.weights].map { folder.appending($0) } }
}
