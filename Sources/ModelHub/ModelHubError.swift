import SystemPackage

/// Why a model was not found.
public enum ModelHubError: Error, Equatable, Sendable, CustomStringConvertible {
    case badReference(String)
    case noSuchFolder(FilePath)
    case notInCache(repository: String, revision: String, cache: FilePath)

    public var description: String {
        switch self {
        case .badReference(let text):
            "'\(text)' is no model reference. Write hf://owner/name or hf://owner/name@revision, or a folder's path."
        case .noSuchFolder(let path):
            "\(path): there is no such folder. Check the path, or write hf://owner/name for a model of the "
                + "Hugging Face Hub."
        case .notInCache(let repository, let revision, let cache):
            "\(repository) at '\(revision)' is not in the local Hugging Face cache (\(cache)). Fetch it once with "
                + "`hf download \(repository) --revision \(revision)`, or give the path of a folder that holds it."
        }
    }
}
