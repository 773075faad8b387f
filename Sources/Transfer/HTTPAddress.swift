import Foundation

/// An address that the HTTP client accepts. Addresses come from the environment and from servers, and the client traps
/// on an invalid port.
package struct HTTPAddress: Equatable, Sendable {
    package let url: URL
    package let host: String
    /// The port in the address, or the scheme's default.
    package let port: Int

    /// The longest host name on the Internet, in bytes; RFC 1035, section 2.3.4.
    private static let longestHost = 253

    /// - Parameter text: an absolute address, or one relative to `base`.
    package init?(_ text: String, relativeTo base: HTTPAddress? = nil) {
        guard text.utf8.count <= 1 << 16, let url = URL(string: text, relativeTo: base?.url)?.absoluteURL,
            let parts = URLComponents(url: url, resolvingAgainstBaseURL: true),
            let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = url.host(percentEncoded: false), (1...Self.longestHost).contains(host.utf8.count),
            // Non-ASCII letters would have to be encoded for the name service, and control characters are never
            // intended.
            host.utf8.allSatisfy({ (0x21...0x7e).contains($0) && !"/\\?#@".utf8.contains($0) }),
            // Credentials in an address would be sent to any server that it names.
            parts.user == nil, parts.password == nil
        else { return nil }
        // Foundation silently drops a port that is not a number or exceeds an Int, so its text is checked.
        let authority = url.absoluteString.dropFirst(scheme.count + 3).prefix { !"/?#".contains($0) }
        let written = authority.firstMatch(of: /:([^:\]]*)$/)?.1 ?? ""
        let port = written.isEmpty ? (scheme == "https" ? 443 : 80) : UInt16(written).map(Int.init) ?? 0
        guard port > 0 else { return nil }
        self.port = port
        self.url = url
        self.host = host
    }

    package var text: String { url.absoluteString }
    package var isSecure: Bool { url.scheme?.lowercased() == "https" }

    /// Whether the address is this machine, or a cloud's metadata service: addresses that a remote server must not
    /// redirect to.
    package var isLocal: Bool {
        let name = host.lowercased().trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        return name == "localhost" || name.hasSuffix(".localhost") || name.hasPrefix("127.") || name == "::1"
            || name == "0.0.0.0" || name == "::" || name.hasPrefix("169.254.") || name.hasPrefix("fe80:")
            || name.hasPrefix("::ffff:127.") || name.hasPrefix("::ffff:169.254.")
    }

    /// Whether the other address has the same server, which may get the same credentials.
    package func hasOrigin(of other: HTTPAddress) -> Bool {
        isSecure == other.isSecure && host.lowercased() == other.host.lowercased() && port == other.port
    }
}
