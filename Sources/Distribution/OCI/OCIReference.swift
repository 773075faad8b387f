import BinaryIO
import Transfer

/// A reference to an OCI registry as people write it: `oci://host[:port]/path[:tag][@sha256:digest]`.
///
/// Source: the distribution specification 1.1, "Pulling manifests", for the grammars of names and tags.
public struct OCIReference: Hashable, Sendable, CustomStringConvertible {
    /// Host and port, as they are written; lowercase.
    public let host: String
    /// The repository: `models/phi3`.
    public let repository: String
    /// The tag; nil if there is none.
    public var tag: String?
    /// The digest; nil if there is none. It takes precedence over the tag.
    public var digest: SHA256Digest?

    /// The prefix of such references.
    public static let scheme = "oci://"
    private static let longestName = 255

    /// - Throws: `DistributionError.badReference`.
    public init(_ text: String) throws {
        guard text.hasPrefix(Self.scheme) else { throw Self.wrong(text, "it does not begin with \(Self.scheme)") }
        var rest = text.dropFirst(Self.scheme.count)
        var digest: SHA256Digest?
        if let at = rest.lastIndex(of: "@") {
            let written = rest[rest.index(after: at)...]
            guard written.hasPrefix("sha256:"), let parsed = SHA256Digest(hex: written.dropFirst(7)) else {
                throw Self.wrong(text, "what follows '@' is not a digest; those are sha256: and 64 hexadecimal digits")
            }
            digest = parsed
            rest = rest[..<at]
        }
        guard let slash = rest.firstIndex(of: "/") else { throw Self.wrong(text, "no repository follows the host") }
        let host = rest[..<slash].lowercased()
        rest = rest[rest.index(after: slash)...]
        var tag: String?
        if let colon = rest.lastIndex(of: ":") {
            let written = String(rest[rest.index(after: colon)...])
            guard Self.isTag(written) else {
                throw Self.wrong(
                    text,
                    "'\(written.prefix(40))' is not a valid tag; those have letters, digits, '.', '_' and '-'"
                )
            }
            tag = written
            rest = rest[..<colon]
        }
        guard HTTPAddress("https://\(host)") != nil, !host.contains("%") else {
            throw Self.wrong(text, "'\(host.prefix(80))' is not a valid host")
        }
        guard Self.isName(rest) else {
            throw Self.wrong(
                text,
                "'\(rest.prefix(80))' is not a valid repository; those have small letters, digits, '.', '_', '-' and slashes"
            )
        }
        (self.host, repository, self.tag, self.digest) = (host, String(rest), tag, digest)
    }

    /// Whether a text is such a reference, not the name of a build.
    public static func isWritten(_ text: String) -> Bool { text.lowercased().hasPrefix(scheme) }

    /// The reference as it is written.
    public var description: String {
        "\(Self.scheme)\(host)/\(repository)" + (tag.map { ":\($0)" } ?? "") + (digest.map { "@sha256:\($0)" } ?? "")
    }

    /// The same reference with another tag.
    func tagged(_ tag: String) -> OCIReference {
        var other = self
        (other.tag, other.digest) = (tag, nil)
        return other
    }

    /// Whether a text follows the grammar of tags.
    package static func isTag(_ text: String) -> Bool {
        text.wholeMatch(of: /[a-zA-Z0-9_][a-zA-Z0-9._\-]{0,127}/) != nil
    }

    /// Whether a text follows the grammar of repositories.
    package static func isName(_ text: some StringProtocol) -> Bool {
        let component = /[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*/
        return text.utf8.count <= longestName && !text.isEmpty
            && text.split(separator: "/", omittingEmptySubsequences: false)
                .allSatisfy { String($0).wholeMatch(of: component) != nil }
    }

    private static func wrong(_ text: String, _ reason: String) -> DistributionError {
        .badReference(String(text.prefix(200)), reason)
    }
}
