import SystemPackage

/// The source of a model: a folder, or a repository of the Hugging Face Hub.
public enum ModelReference: Equatable, Sendable, CustomStringConvertible {
    case folder(FilePath)
    /// - Parameter revision: a branch, tag or commit; "main" by default.
    case hub(repository: String, revision: String)

    private static let scheme = "hf://"

    /// Parses `hf://owner/name[@revision]`; any other text is a path.
    /// - Parameter base: the folder that a relative path starts from.
    /// - Throws: `ModelHubError.badReference`.
    public init(_ text: String, relativeTo base: FilePath = "") throws {
        guard text.hasPrefix(Self.scheme) else {
            self = .folder(base.pushing(FilePath(text)).lexicallyNormalized())
            return
        }
        let parts = text.dropFirst(Self.scheme.count).split(
            separator: "@",
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        let names = parts.first?.split(separator: "/", omittingEmptySubsequences: false) ?? []
        let revision = parts.count == 2 ? String(parts[1]) : "main"
        guard names.count == 2, names.allSatisfy(Self.isName), Self.isRevision(revision) else {
            throw ModelHubError.badReference(text)
        }
        self = .hub(repository: "\(names[0])/\(names[1])", revision: revision)
    }

    /// The reference as it is written: a path, or `hf://owner/name@revision`.
    public var description: String {
        switch self {
        case .folder(let path): path.string
        case .hub(let repository, let revision): "\(Self.scheme)\(repository)@\(revision)"
        }
    }

    /// Names become components of paths, so none may lead out of a folder.
    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty && !text.hasPrefix(".")
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    }

    private static func isRevision(_ text: String) -> Bool {
        text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(isName)
    }
}
