import AsyncHTTPClient
import BinaryIO
import Foundation
import NIOHTTP1
import Transfer

/// Authenticates requests: by password if the registry accepts it, otherwise by tokens for exactly the requested
/// actions, cached until they expire.
actor OCIAccess {
    private let transport: HTTPTransport
    private let registry: HTTPAddress
    private let host: String
    private let credentials: OCICredentials?
    private var takesPasswords = false
    private var tokens: [Set<OCIScope>: (header: String, expires: ContinuousClock.Instant)] = [:]

    /// The longest answer of a token server, in bytes; a longer one is rejected.
    private static let longestAnswer = 1 << 20
    /// Lifetime of a token if its server does not give one, in seconds; the specification's default.
    private static let usualLife = 60
    /// A token is not used in its last seconds.
    private static let margin = 5

    init(_ transport: HTTPTransport, _ registry: HTTPAddress, host: String, _ credentials: OCICredentials?) {
        (self.transport, self.registry, self.host, self.credentials) = (transport, registry, host, credentials)
    }

    /// Whether there are credentials; for messages.
    nonisolated var hasCredentials: Bool { credentials != nil }

    /// The value of the Authorization header; nil if the registry has not requested one so far.
    func header(for scopes: Set<OCIScope>) -> String? {
        if case .bearer(let token) = credentials { return "Bearer \(token)" }
        if takesPasswords { return credentials?.basic }
        guard let token = tokens[scopes], token.expires > .now else { return nil }
        return token.header
    }

    /// Answers the registry's challenge.
    /// - Returns: false if nothing more can be tried.
    /// - Throws: `DistributionError`, `RetryPolicy.Retriable`.
    func meet(_ challenge: OCIChallenge, for scopes: Set<OCIScope>) async throws -> Bool {
        switch challenge {
        case .basic:
            guard credentials?.basic != nil, !takesPasswords else { return false }
            takesPasswords = true
            return true
        case .bearer(let realm, let service, _):
            if case .bearer = credentials { return false }
            let token = try await token(from: realm, service, scopes)
            tokens[scopes] = token
            return true
        }
    }

    private nonisolated func token(
        from realm: String,
        _ service: String?,
        _ scopes: Set<OCIScope>
    ) async throws -> (String, ContinuousClock.Instant) {
        let address = try address(of: realm)
        let ordered = scopes.map(\.text).sorted()
        var request: HTTPTransport.Request
        if case .identityToken(let token) = credentials {
            let form = [
                ("grant_type", "refresh_token"), ("service", service ?? host), ("client_id", "edgepipe"),
                ("scope", ordered.joined(separator: " ")), ("refresh_token", token),
            ]
            request = HTTPTransport.Request(
                address,
                .POST,
                headers: [("Content-Type", "application/x-www-form-urlencoded")],
                body: Array(Self.query(form).utf8)
            )
        } else {
            let query = (service.map { [("service", $0)] } ?? []) + ordered.map { ("scope", $0) }
            let separator = address.url.query == nil ? "?" : "&"
            guard let full = HTTPAddress("\(address.text)\(separator)\(Self.query(query))") else {
                throw DistributionError.badAnswer(host, "it names a server of tokens that has no usable address")
            }
            request = HTTPTransport.Request(full, authorization: credentials?.basic)
        }
        let answer = try await OCIClient.naming(host) { try await transport.send(request) }
        guard answer.status == .ok else {
            try OCIClient.checkPause(answer, host)
            throw DistributionError.unauthorized(host, hasCredentials: hasCredentials)
        }
        let body = try await OCIClient.naming(host) {
            try await transport.document(of: answer, limit: Self.longestAnswer)
        }
        guard let body, let json = try? JSONValue(parsing: body),
            let token = json["token"]?.string ?? json["access_token"]?.string, !token.isEmpty,
            OCICredentials.isHarmless(token)
        else { throw DistributionError.badAnswer(host, "its server of tokens gives none") }
        let life = json["expires_in"]?.integer ?? Self.usualLife
        let seconds = max(1, min(life, 24 * 3600) - Self.margin)
        return ("Bearer \(token)", .now + .seconds(seconds))
    }

    /// Checks the address of the token server. A registry may send this program's credentials only to servers that are
    /// as secure as itself.
    private nonisolated func address(of realm: String) throws -> HTTPAddress {
        guard let address = HTTPAddress(realm) else {
            throw DistributionError.badAnswer(host, "it names a server of tokens that has no usable address")
        }
        guard address.isSecure || !registry.isSecure, !address.isLocal || registry.isLocal else {
            throw DistributionError.badAnswer(
                host,
                "it sends for tokens to \(address.host.visible), which is not as safe as it is itself"
            )
        }
        return address
    }

    private static func query(_ pairs: [(String, String)]) -> String {
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        func escaped(_ text: String) -> String { text.addingPercentEncoding(withAllowedCharacters: plain) ?? "" }
        return pairs.map { "\(escaped($0.0))=\(escaped($0.1))" }.joined(separator: "&")
    }
}
