import AsyncHTTPClient
import BinaryIO
import Foundation
import NIOHTTP1
import SystemPackage
import Transfer
import Work

/// A cache on a server with the protocol of bazel-remote: `GET`, `HEAD` and `PUT` of `/ac/<key>` and `/cas/<sha256>`.
///
/// `ActionRecord` and digests detect wrong answers. `StepCache` gives up on a server that does not answer.
package struct CacheServer: CachePlace {
    private let address: HTTPAddress
    private let settings: TransportSettings
    private let authorization: String?

    /// The environment variable with the token for the server.
    package static let tokenVariable = "EDGEPIPE_CACHE_TOKEN"

    /// - Parameter tries: the number of requests while it does not answer, at least one: ten take about half a minute.
    /// - Throws: `CacheError.badServer` for an invalid address, or one that a token must not be sent to.
    package init(
        _ text: String,
        tries: Int? = nil,
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        guard let address = HTTPAddress(text), address.url.query == nil, address.url.fragment == nil else {
            throw CacheError.badServer(text.visible, reason: "it is no address of the form http://host:port/prefix")
        }
        self.address = address
        var settings = TransportSettings()
        // A cache saves work: instead of waiting long for it, a run should do the work.
        (settings.retries.attempts, settings.retries.base) = (tries ?? 3, .milliseconds(300))
        settings.retries.longest = .seconds(10)
        (settings.connectTimeout, settings.answerTimeout) = (.seconds(5), .seconds(30))
        do {
            settings.proxy = try HTTPProxy(environment: environment, for: address)
        } catch {
            throw CacheError.badServer(text.visible, reason: "the proxy of the environment is no address")
        }
        settings.certificates = environment.path("SSL_CERT_FILE")
        self.settings = settings
        guard let token = environment.variable(Self.tokenVariable) else {
            authorization = nil
            return
        }
        guard address.isSecure || address.isLocal else {
            throw CacheError.badServer(
                text.visible,
                reason: "\(Self.tokenVariable) would be sent in plain text, which others can read"
            )
        }
        guard token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw CacheError.badServer(text.visible, reason: "\(Self.tokenVariable) holds what no token has")
        }
        authorization = "Bearer \(token)"
    }

    package func record(for key: SHA256Digest) throws -> [UInt8]? {
        try asking { transport in
            let answer = try await transport.send(request("ac", key))
            guard try isFound(answer) else { return nil }
            return try await transport.document(of: answer, limit: ActionRecord.sizeLimit)
        }
    }

    package func put(record: [UInt8], for key: SHA256Digest) throws {
        try asking { transport in
            var request = request("ac", key, .PUT)
            request.body = record
            _ = try isFound(try await transport.send(request), isRequired: true)
        }
    }

    package func mayHold(_ file: CachedFile) throws -> Bool {
        try asking { transport in
            let answer = try await transport.send(request("cas", file.digest, .HEAD))
            guard try isFound(answer) else { return false }
            // A server may omit the length of a body that it does not send.
            return answer.headers.first(name: "Content-Length").flatMap { Int($0) }.map { $0 == file.byteCount } ?? true
        }
    }

    package func fetch(_ file: CachedFile, into folder: CacheFolder) throws -> Bool {
        struct WrongBytes: Error {}
        return try asking { transport in
            let answer = try await transport.send(request("cas", file.digest))
            guard try isFound(answer) else { return false }
            let received = try ReceivedFile(file, into: folder)
            do {
                try await transport.forEachPart(of: answer) { bytes in
                    try Interruption.check()
                    guard try received.take(bytes) else { throw WrongBytes() }
                }
            } catch is WrongBytes {
                return false
            }
            return try received.finish()
        }
    }

    package func put(_ file: CachedFile, from path: FilePath) throws {
        if try mayHold(file) { return }
        try asking { transport in
            var request = request("cas", file.digest, .PUT)
            request.file = (path, file.byteCount)
            _ = try isFound(try await transport.send(request), isRequired: true)
        }
    }

    // MARK: Requests

    private func request(_ map: String, _ digest: SHA256Digest, _ method: HTTPMethod = .GET) -> HTTPTransport.Request {
        let place = address.text.hasSuffix("/") ? address.text : "\(address.text)/"
        // Digests are letters and digits, and the prefix was already a valid address.
        guard let address = HTTPAddress("\(place)\(map)/\(digest)") else {
            preconditionFailure("a path of plain letters")
        }
        return HTTPTransport.Request(address, method, authorization: authorization)
    }

    /// Whether a response has the requested content.
    /// - Throws: `CacheError.badServer`, or `CacheError.away` within `RetryPolicy.Retriable` if a retry may succeed.
    private func isFound(_ answer: HTTPClientResponse, isRequired: Bool = false) throws -> Bool {
        switch answer.status.code {
        case 200..<300: return true
        case 404 where !isRequired: return false
        case 408, 429, 500..<600:
            let pause = HTTPTransport.pause(answer.headers).map { Duration.seconds($0) }
            throw RetryPolicy.Retriable(
                error: CacheError.away(address.text, reason: "it answered with status \(answer.status.code)"),
                pause: pause
            )
        case 401, 403:
            let advice = "\(Self.tokenVariable) \(authorization == nil ? "is not set" : "is refused")"
            throw CacheError.badServer(
                address.text,
                reason: "it answered with status \(answer.status.code), and \(advice)"
            )
        default: throw CacheError.badServer(address.text, reason: "it answered with status \(answer.status.code)")
        }
    }

    private func asking<Value: Sendable>(
        _ body: @escaping @Sendable (HTTPTransport) async throws -> Value
    ) throws -> Value {
        let settings = settings
        do {
            return try waiting {
                try await HTTPTransport.with(settings) { transport in
                    try await settings.retries.run { try await body(transport) }
                }
            }
        } catch TransferError.unreachable(let reason) {
            throw CacheError.away(address.text, reason: reason)
        } catch let error as TransferError {
            throw CacheError.badServer(address.text, reason: error.words)
        }
    }
}

extension TransferError {
    fileprivate var words: String {
        switch self {
        case .badProxy: "the proxy of the environment is no address"
        case .unreachable(let reason): reason
        case .unsafeRedirect: "it leads to an address that is less safe"
        case .endlessRedirects: "it leads from address to address without end"
        }
    }
}
