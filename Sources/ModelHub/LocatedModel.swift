import SystemPackage

/// A model whose files are on this machine.
public struct LocatedModel: Equatable, Sendable {
    /// The repository and the commit that the files are of.
    public struct Origin: Equatable, Sendable, CustomStringConvertible {
        /// `owner/name`
        public let repository: String
        /// 40 hexadecimal digits.
        public let commit: String

        /// As a reference: `hf://owner/name@commit`.
        public var description: String { "\(ModelReference.hub(repository: repository, revision: commit))" }
    }

    /// With config.json and what belongs to it.
    public let folder: FilePath
    /// nil where the model is a folder of the user's.
    public let origin: Origin?
}
