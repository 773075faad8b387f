import AsyncHTTPClient
import BinaryIO
import NIOHTTP1
import Transfer

/// Sends requests to one repository of an OCI registry: addresses, credentials, and the meaning of rejections.
///
/// Source: the distribution specification 1.1.
struct OCIClient: Sendable {
    let transport: HTTPTransport
    /// The host in the reference.
    let host: String
    let repository: String
    private let root: HTTPAddress
    private let access: OCIAccess

    /// - Parameter isInsecure: whether the registry uses plain HTTP.
    /// - Throws: `DistributionError`.
    init(
        _ reference: OCIReference,
        _ transport: HTTPTransport,
        isInsecure: Bool,
        _ credentials: OCICredentials?
    ) throws {
        // The host in references to Docker Hub is not the host of its API.
        let server = reference.host == "docker.io" ? "registry-1.docker.io" : reference.host
        guard let root = HTTPAddress("\(isInsecure ? "http" : "https")://\(server)") else {
            throw DistributionError.badReference("\(reference)", "its host has no usable address")
        }
        (self.transport, self.root) = (transport, root)
        (host, repository) = (reference.host, reference.repository)
        access = OCIAccess(transport, root, host: reference.host, credentials)
    }

    private init(_ client: OCIClient, repository: String) {
        (transport, root, host) = (client.transport, client.root, client.host)
        (access, self.repository) = (client.access, repository)
    }

    /// A request before authentication.
    struct Call {
        var method = HTTPMethod.GET
        var headers: [(name: String, value: String)] = []
        var body: [UInt8]?
        var range: String?
        /// Whether the request changes the repository.
        var writes = false
        /// Another repository to mount bytes from, which the request must be allowed to read.
        var other: String?
        /// A description of the request, for messages.
        var what: String
    }

    /// - Parameter path: the path after `/v2/NAME/`.
    func send(_ path: String, _ call: Call) async throws -> HTTPClientResponse {
        try await send(to: address("/v2/\(repository)/\(path)"), call)
    }

    /// Sends a request to an address that the registry gave, which may be relative.
    func send(to place: HTTPAddress, _ call: Call) async throws -> HTTPClientResponse {
        var scopes: Set = [OCIScope(repository: repository, writes: call.writes)]
        if let other = call.other { scopes.insert(OCIScope(repository: other, writes: false)) }
        var hasMet = false
        while true {
            let request = HTTPTransport.Request(
                place,
                call.method,
                range: call.range,
                authorization: place.hasOrigin(of: root) ? await access.header(for: scopes) : nil,
                headers: call.headers,
                body: call.body
            )
            let answer = try await Self.naming(host) { try await transport.send(request) }
            guard answer.status == .unauthorized else { return answer }
            // Authenticates once: if a new token is rejected, another one would be too.
            guard !hasMet, let challenge = OCIChallenge(answer.headers["WWW-Authenticate"]),
                try await access.meet(challenge, for: scopes)
            else { throw DistributionError.unauthorized(host, hasCredentials: access.hasCredentials) }
            hasMet = true
        }
    }

    func address(_ path: String) throws -> HTTPAddress {
        guard let address = HTTPAddress(path, relativeTo: root) else {
            throw DistributionError.badAnswer(host, "an address that it names is not usable")
        }
        return address
    }

    /// The address for the next request, from the server's `Location`. A registry may not redirect from https to http,
    /// nor to this machine unless the registry itself is on it.
    func location(_ answer: HTTPClientResponse) throws -> HTTPAddress {
        guard let text = answer.headers.first(name: "Location") else {
            throw DistributionError.badAnswer(host, "it does not say where an upload goes on")
        }
        let address = try address(text)
        guard address.isSecure || !root.isSecure, !address.isLocal || root.isLocal else {
            throw DistributionError.badAnswer(host, "it sends an upload to an address that is not safe")
        }
        return address
    }

    /// Access to another repository of the host, with the same credentials.
    func beside(_ repository: String) -> OCIClient { OCIClient(self, repository: repository) }
}
