import BinaryIO
import SystemPackage

/// Why a model was not found or could not be downloaded.
public enum ModelHubError: Error, Equatable, Sendable {
    case badReference(String)
    case badEndpoint(String)
    case badTokenText
    case badProxy
    case noSuchFolder(FilePath)
    case notInCache(repository: String, revision: String, cache: FilePath)
    case incompleteInCache(repository: String, revision: String, missing: [String], cache: FilePath)

    case noRepository(String, hasToken: Bool)
    case noRevision(repository: String, revision: String)
    case gated(repository: String, page: String, hasToken: Bool)
    case tokenRefused(host: String)
    case noSafetensors(repository: String, instead: String?)
    case noOutline(repository: String)
    case missingFile(repository: String, file: String)
    case badIndex(FilePath)

    case unreachable(host: String, reason: String)
    case serverFailed(host: String, status: Int, message: String?)
    case rateLimited(host: String, seconds: Int?)
    case badAnswer(host: String, about: String, reason: String)
    case wrongDigest(file: String, expected: String, found: String)
    case diskFull(FilePath, needed: Int, free: Int)

    /// Whether the request itself cannot be met, as opposed to a failure of the network, the disk or the server.
    public var isBadInput: Bool {
        switch self {
        case .badReference, .noSuchFolder, .notInCache, .incompleteInCache, .noRepository, .noRevision, .gated,
            .noSafetensors, .noOutline, .missingFile, .badIndex:
            true
        case .badEndpoint, .badTokenText, .badProxy, .tokenRefused, .unreachable, .serverFailed, .rateLimited,
            .badAnswer,
            .wrongDigest, .diskFull:
            false
        }
    }

    /// Whether downloading the model may solve the problem.
    public var isMendedByDownload: Bool {
        switch self {
        case .notInCache, .incompleteInCache: true
        default: false
        }
    }
}

extension ModelHubError: CustomStringConvertible {
    /// A message that ends with what to do.
    public var description: String {
        switch self {
        case .badReference(let text):
            "'\(text)' is no model reference. Write hf://owner/name or hf://owner/name@revision, or a folder's path."
        case .badEndpoint(let text):
            "HF_ENDPOINT '\(text)' is no address. Write one such as https://huggingface.co, or unset it."
        case .badTokenText:
            "the Hugging Face token holds characters that no token has. Set HF_TOKEN to the token alone."
        case .badProxy:
            "the proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY is not a usable address. Write one such as "
                + "http://proxy.example:3128, without a user name, or exempt the host in NO_PROXY."
        case .noSuchFolder(let path):
            "\(path): there is no such folder. Check the path, or write hf://owner/name for a model of the "
                + "Hugging Face Hub."
        case .notInCache(let repository, let revision, let cache):
            "\(repository) at '\(revision)' is not in the local Hugging Face cache (\(cache)). Run this once without "
                + "\(setting: "offline") and HF_HUB_OFFLINE, which downloads it, or give the path of a folder that holds it."
        case .incompleteInCache(let repository, let revision, let missing, let cache):
            "\(repository) at '\(revision)' is in the local Hugging Face cache (\(cache)) only in part; "
                + "\(Self.list(missing)) missing. Run this once without \(setting: "offline") and "
                + "HF_HUB_OFFLINE, which downloads the rest."
        case .noRepository(let repository, let hasToken):
            "the Hub has no model \(repository), or it is private. Check the name"
                + (hasToken
                    ? ", and that the token in HF_TOKEN may read it."
                    : "; for a private model set HF_TOKEN to a token that may read it.")
        case .noRevision(let repository, let revision):
            "\(repository) has no revision '\(revision)'. Name a branch, a tag or a whole commit of it."
        case .gated(let repository, let page, let hasToken):
            "\(repository) is gated: its owner wants its terms accepted first. Accept them at \(page)"
                + (hasToken
                    ? " with the account whose token HF_TOKEN holds, then run this again."
                    : ", then set HF_TOKEN to a token of your account and run this again.")
        case .tokenRefused(let host):
            "\(host) does not know the Hugging Face token. Set HF_TOKEN to a valid one, or unset it for public models."
        case .noSafetensors(let repository, let instead):
            "\(repository) holds neither model.safetensors nor pytorch_model.bin"
                + (instead.map { ", only other formats such as \($0)" } ?? "")
                + ". Choose a repository with safetensors, or save the model as safetensors with transformers "
                + "(`save_pretrained`) and give that folder."
        case .noOutline(let repository):
            "the weights of \(repository) are pickles (pytorch_model.bin), which tell nothing of the model before they are "
                + "downloaded. Run the pipeline, or choose a repository with safetensors."
        case .missingFile(let repository, let file):
            "\(repository) lacks '\(file)', which a conversion needs. Choose another revision, or tell its owner."
        case .badIndex(let path):
            "\(path): it names no shards. Choose another revision of the model, or tell its owner."
        case .unreachable(let host, let reason):
            "\(host) cannot be reached: \(reason). Check the network and run the same command again, which goes on from "
                + "here; \(setting: "offline") uses the local cache alone."
        case .serverFailed(let host, let status, let message):
            "\(host) answered with status \(status)\(message.map { " (\($0))" } ?? ""). Run the same command again "
                + "later, which goes on from here."
        case .rateLimited(let host, let seconds):
            "\(host) wants fewer requests for now. Run the same command again "
                + (seconds.map { "in \($0) seconds" } ?? "in some minutes") + ", or set HF_TOKEN for a higher limit."
        case .badAnswer(let host, let about, let reason):
            "\(host) gave an answer about \(about) that cannot be used: \(reason). Run the same command again; if it "
                + "stays so, check HF_ENDPOINT and whether a proxy changes what it passes on."
        case .wrongDigest(let file, let expected, let found):
            "'\(file)' came twice with other bytes than the Hub lists: expected \(expected), found \(found). Check "
                + "whether a proxy changes what it passes on, then run the same command again."
        case .diskFull(let path, let needed, let free):
            "\(path): the download takes \(needed >> 20) MiB and the disk has \(free >> 20) MiB free. Free some space, or "
                + "set HF_HUB_CACHE to a folder on another disk."
        }
    }

    private static func list(_ names: [String]) -> String {
        let first = names.prefix(3).map { "'\($0)'" }.joined(separator: ", ")
        let more = names.count > 3 ? " and \(names.count - 3) more" : ""
        return first + more + (names.count == 1 ? " is" : " are")
    }
}
