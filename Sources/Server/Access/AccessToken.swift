import BinaryIO
import Foundation
import SystemPackage

/// What a token allows, and how it is recognized; the token itself is nowhere.
public struct AccessToken: Codable, Sendable, Hashable {
    /// What a caller may do.
    public enum Action: String, Codable, Sendable, CaseIterable {
        case pull
        /// To send builds, and to read what is there.
        case push
    }

    /// The first digits of the digest, by which people tell tokens apart.
    public var id: String { String("\(sha256)".prefix(8)) }
    /// Of the token.
    public var sha256: SHA256Digest
    /// Which models: a name, in which `*` stands for anything.
    public var model: String
    /// What it allows.
    public var allow: [Action]
    /// When it ends; nil for never.
    public var expires: Date?

    /// What tokens begin with, so that the Hub's clients send them.
    static let prefix = "hf_"
    /// Letters and digits behind it.
    static let length = 40

    /// Makes a token that nobody has.
    /// - Returns: what allows, and the token itself, which is shown once.
    public static func make(model: String, allow: [Action], expires: Date?) -> (grant: AccessToken, token: String) {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var generator = SystemRandomNumberGenerator()
        let token =
            prefix + String((0..<length).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] })
        let grant = AccessToken(sha256: digest(token), model: model, allow: allow, expires: expires)
        return (grant, token)
    }

    package static func digest(_ token: String) -> SHA256Digest { SHA256Digest(of: Array(token.utf8)) }

    /// Whether it allows something of a model; nil stands for all models.
    package func allows(_ action: Action, _ name: String?, at now: Date) -> Bool {
        guard isValid(at: now), allow.contains(action) || (action == .pull && allow.contains(.push)) else {
            return false
        }
        guard let name else { return model == "*" }
        return Self.matches(Array(model.utf8)[...], Array(name.utf8)[...])
    }

    func isValid(at now: Date) -> Bool { expires.map { now < $0 } ?? true }

    /// Whether a name is meant by a pattern in which `*` stands for anything.
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
    /// Whether reading asks for a token, too.
    public var isPrivate = false
    /// In the order in which they were made.
    public var tokens: [AccessToken] = []

    private static let longest = 4 << 20

    private enum CodingKeys: String, CodingKey {
        case isPrivate = "private"
        case tokens
    }

    /// No token.
    public init() {}

    /// - Throws: `ServerStartError` for a file that is none; `FileError`.
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

    /// Writes the file, whole or not at all, for its owner's eyes alone.
    /// - Throws: `FileError`.
    public func write(to path: FilePath) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        try writeFile(Array(try encoder.encode(self)) + [UInt8(ascii: "\n")], to: path)
        chmod(path.string, 0o600)
    }
}
