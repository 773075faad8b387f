import SystemPackage

/// A model whose files are on this machine.
public struct LocatedModel: Equatable, Sendable {
    /// The repository and the commit that the files come from.
    public struct Origin: Equatable, Sendable, CustomStringConvertible {
        /// `owner/name`
        public let repository: String
        /// The commit: 40 hexadecimal digits.
        public let commit: String

        /// The reference: `hf://owner/name@commit`.
        public var description: String { "\(ModelReference.hub(repository: repository, revision: commit))" }
    }

    /// The folder with config.json and the other files of the model.
    public let folder: FilePath
    /// The origin on the Hub; nil for a folder of the user's.
    public let origin: Origin?
}
