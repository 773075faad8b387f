import BinaryIO
import Foundation
import SystemPackage

/// What a token allows, with its digest; the token itself is not stored.
public struct AccessToken: Codable, Sendable, Hashable {
    /// An action that a token can allow.
    public enum Action: String, Codable, Sendable, CaseIterable {
        case pull
        /// Upload builds, and read.
        case push
    }

    /// The first 8 digits of the digest, which identify a token to people.
    public var id: String { String("\(sha256)".prefix(8)) }
    /// SHA-256 of the token.
    public var sha256: SHA256Digest
    /// The models that it covers: a name in which `*` matches any text.
    public var model: String
    /// The actions that it allows.
    public var allow: [Action]
    /// When it expires; nil for never.
    public var expires: Date?

    /// The prefix of every token; the Hub's clients only send tokens that have it.
    static let prefix = "hf_"
    /// The number of letters and digits after the prefix.
    static let length = 40

    /// Makes a new random token.
    /// - Returns: the entry for the token file, and the token itself, which is shown once.
    public static func make(model: String, allow: [Action], expires: Date?) -> (grant: AccessToken, token: String) {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var generator = SystemRandomNumberGenerator()
        let token =
            prefix + String((0..<length).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] })
        let grant = AccessToken(sha256: digest(token), model: model, allow: allow, expires: expires)
        return (grant, token)
    }

    package static func digest(_ token: String) -> SHA256Digest { SHA256Digest(of: Array(token.utf8)) }

    /// Whether it allows an action on a model; nil stands for all models.
    package func allows(_ action: Action, _ name: String?, at now: Date) -> Bool {
        guard isValid(at: now), allow.contains(action) || (action == .pull && allow.contains(.push)) else {
            return false
        }
        guard let name else { return model == "*" }
        return Self.matches(Array(model.utf8)[...], Array(name.utf8)[...])
    }

    func isValid(at now: Date) -> Bool { expires.map { now < $0 } ?? true }

    /// Whether a name matches a pattern in which `*` matches any text.
    private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        let parts = pattern.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return pattern == text }
        guard text.starts(with: first) else { return false }
        var rest = text.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return rest.count >= last.count && rest.suffix(last.count) == last
    }
}

/// A file of tokens: JSON, as `edgepipe serve token new` writes it.
public struct TokenFile: Codable, Sendable {
    /// Whether reading needs a token too.
    public var isPrivate = false
    /// The tokens, oldest first.
    public var tokens: [AccessToken] = []

    private static let longest = 4 << 20

    private enum CodingKeys: String, CodingKey {
        case isPrivate = "private"
        case tokens
    }

    /// Makes a file without tokens.
    public init() {}

    /// - Throws: `ServerStartError` if the file is not a valid token file; `FileError`.
    public init(_ path: FilePath) throws {
        let bytes = try readFile(path, limit: Self.longest)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        do {
            self = try decoder.decode(TokenFile.self, from: Data(bytes))
        } catch {
            throw ServerStartError(
                "\(path): this is not a token file. Make one with `edgepipe serve token new`; docs/serve.md shows its form."
            )
        }
    }

    /// Writes the file atomically, readable by its owner only.
    /// - Throws: `FileError`.
    public func write(to path: FilePath) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        try writeFile(Array(try encoder.encode(self)) + [UInt8(ascii: "\n")], to: path)
        chmod(path.string, 0o600)
    }
}
