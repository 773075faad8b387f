import BinaryIO
import Crypto
import Foundation
import HTTPTypes
import Synchronization
import SystemPackage

/// The sender of a request.
enum Caller: Sendable {
    case anyone
    case holder(AccessToken)
    /// The holder of an address that the server signed, valid for one file and a few minutes.
    case guest
}

/// Decides who may do what: anyone may read unless the token file says otherwise, and writing always needs a token.
final class AccessControl: Sendable {
    private let path: FilePath?
    private let known: Mutex<(file: TokenFile, status: FileStatus?)>
    private let key = SymmetricKey(size: .bits256)

    /// How long a signed address is valid, in seconds.
    private static let signedSeconds = 600.0

    /// - Throws: `ServerStartError` if the file is not a valid token file; `FileError`.
    init(_ settings: ServerSettings) throws {
        path = settings.tokens
        known = Mutex((try settings.tokens.map { try TokenFile($0) } ?? TokenFile(), path.flatMap { FileStatus($0) }))
    }

    /// The tokens in the file now; if the file is broken, the last valid ones.
    private func current() -> TokenFile {
        guard let path else { return TokenFile() }
        return known.withLock { known in
            let status = FileStatus(path)
            if status != known.status, let file = try? TokenFile(path) { known = (file, status) }
            return known.file
        }
    }

    var isPrivate: Bool { current().isPrivate }

    // MARK: Tokens

    /// - Throws: `ServerError` for an unknown or expired token, even if the request needs none.
    func caller(_ headers: HTTPFields) throws -> Caller {
        guard let field = headers[.authorization] else { return .anyone }
        guard let token = Self.token(field) else { throw Self.unauthorized("the credentials are not a token.") }
        let digest = AccessToken.digest(token)
        guard let grant = current().tokens.first(where: { $0.sha256 == digest }) else {
            throw Self.unauthorized("the token is not known here.")
        }
        guard grant.isValid(at: Date()) else { throw Self.unauthorized("the token ended. Ask for a new one.") }
        return .holder(grant)
    }

    /// The token of `Bearer TOKEN`, or of `Basic` as the password of any user.
    static func token(_ field: String) -> String? {
        let words = field.split(separator: " ", maxSplits: 1)
        guard words.count == 2 else { return nil }
        switch words[0].lowercased() {
        case "bearer": return words[1].trimmingBlanks
        case "basic":
            guard let data = Data(base64Encoded: words[1].trimmingBlanks),
                let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":")
            else { return nil }
            return String(text[text.index(after: colon)...])
        default: return nil
        }
    }

    /// Checks that the caller may do something.
    /// - Parameter model: the model's name; nil stands for all models.
    /// - Throws: `ServerError`: 401 without a token, 403 if the token does not allow it.
    func require(_ action: AccessToken.Action, of model: String?, _ caller: Caller) throws {
        switch caller {
        case .guest: if action == .pull { return }
        case .anyone: if action == .pull, !isPrivate { return }
        case .holder(let grant):
            if grant.allows(action, model, at: Date()) { return }
            if action == .pull, !isPrivate { return }
            throw ServerError(
                .forbidden,
                "denied",
                "the token does not allow to \(action.rawValue) \(model?.visible ?? "what is of all models").",
                oci: "DENIED",
                hub: "GatedRepo"
            )
        }
        throw Self.unauthorized("this asks for a token that allows to \(action.rawValue).")
    }

    static func unauthorized(_ words: String) -> ServerError {
        ServerError(.unauthorized, "unauthorized", words, oci: "UNAUTHORIZED", hub: "RepoNotFound")
    }

    // MARK: Signed addresses

    /// The query that makes a path readable without a token for a few minutes; it follows the question mark.
    func signature(for path: String) -> String {
        let ends = Int(Date().timeIntervalSince1970 + Self.signedSeconds)
        return "expires=\(ends)&signature=\(code(path, ends))"
    }

    func accepts(_ values: ParameterValues, for path: String) -> Bool {
        guard let ends = values.integer("expires"), let signature = values.text("signature"),
            Double(ends) > Date().timeIntervalSince1970
        else { return false }
        // Compares digests, so that the time of the comparison reveals nothing.
        return AccessToken.digest(signature) == AccessToken.digest(code(path, ends))
    }

    private func code(_ path: String, _ ends: Int) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Data("\(ends) \(path)".utf8), using: key)
        return code.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
