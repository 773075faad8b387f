import SystemPackage

/// A model whose files are on this machine.
public struct LocatedModel: Equatable, Sendable {
    /// The repository and the commit that the files are of.
    public struct Origin: Equatable, Sendable, CustomStringConvertible {
        public let repository: String
        public let commit: String

        public var description: String { "\(ModelReference.hub(repository: repository, revision: commit))" }
    }

    public let folder: FilePath
    /// nil where the model is a folder of the user's.
    public let origin: Origin?
}
