import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SystemPackage

/// HTTP requests with time limits, and with redirects that drop the credentials when they lead to another server.
package struct HTTPTransport: Sendable {
    package let settings: TransportSettings
    private let http: HTTPClient

    /// The most redirects that are followed.
    private static let mostRedirects = 5

    /// A request, including its redirects.
    package struct Request {
        package var address: HTTPAddress
        package var method: HTTPMethod
        package var range: String?
        /// The Authorization header, sent only to the server of `address`.
        package var authorization: String?
        /// Headers sent to every server that the request reaches.
        package var headers: [(name: String, value: String)]
        /// The body; a redirect repeats it only if the server asks to repeat the request (307, 308).
        package var body: [UInt8]?
        /// A file to send in place of `body`, read while it is sent.
        package var file: (path: FilePath, byteCount: Int)?
        /// Whether a redirect is itself the wanted answer and must not be followed.
        package var isFinal: (HTTPClientResponse) -> Bool

        package init(
            _ address: HTTPAddress,
            _ method: HTTPMethod = .GET,
            range: String? = nil,
            authorization: String? = nil,
            headers: [(name: String, value: String)] = [],
            body: [UInt8]? = nil,
            isFinal: @escaping (HTTPClientResponse) -> Bool = { _ in false }
        ) {
            (self.address, self.method, self.range) = (address, method, range)
            (self.authorization, self.isFinal) = (authorization, isFinal)
            (self.headers, self.body) = (headers, body)
        }
    }

    /// Runs the body with a transport whose connections and threads end when the body returns.
    package static func with<Result: Sendable>(
        _ settings: TransportSettings,
        _ body: @Sendable (HTTPTransport) async throws -> Result
    ) async throws -> Result {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout = .init(
            connect: TimeAmount(settings.connectTimeout),
            read: TimeAmount(settings.idleTimeout)
        )
        configuration.proxy = settings.proxy.map { .server(host: $0.host, port: $0.port) }
        if let certificates = settings.certificates {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.additionalTrustRoots = [.file(certificates.string)]
            configuration.tlsConfiguration = tls
        }
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let http = HTTPClient(eventLoopGroupProvider: .shared(threads), configuration: configuration)
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(HTTPTransport(settings: settings, http: http)))
        } catch { result = .failure(error) }
        try? await http.shutdown()
        try? await threads.shutdownGracefully()
        return try result.get()
    }

    /// The answer after all redirects.
    /// - Throws: `TransferError`, wrapped in `RetryPolicy.Retriable` if a retry may succeed.
    package func send(_ wanted: Request) async throws -> HTTPClientResponse {
        var place = wanted.address
        let body = wanted.body.map { ByteBuffer(bytes: $0) }
        for _ in 0...Self.mostRedirects {
            var request = HTTPClientRequest(url: place.text)
            request.method = wanted.method
            request.headers.add(name: "User-Agent", value: "edgepipe")
            request.headers.add(name: "Accept-Encoding", value: "identity")
            for header in wanted.headers { request.headers.add(name: header.name, value: header.value) }
            if let body { request.body = .bytes(body) }
            if let file = wanted.file {
                request.body = .stream(FileBody(path: file.path), length: .known(Int64(file.byteCount)))
            }
            if let range = wanted.range { request.headers.add(name: "Range", value: range) }
            if let authorization = wanted.authorization, place.hasOrigin(of: wanted.address) {
                request.headers.add(name: "Authorization", value: authorization)
            }
            let answer = try await head(of: request, sending: wanted.file?.byteCount ?? body?.readableBytes ?? 0)
            guard (body == nil && wanted.file == nil ? 301...308 : 307...308).contains(answer.status.code),
                answer.status != .notModified,
                let location = answer.headers.first(name: "Location"), !wanted.isFinal(answer)
            else { return answer }
            guard let next = HTTPAddress(location, relativeTo: place), next.isSecure || !place.isSecure else {
                throw TransferError.unsafeRedirect
            }
            place = next
        }
        throw TransferError.endlessRedirects
    }

    /// Passes a body to `body` piece by piece; throws if the server sends too slowly.
    /// - Throws: the errors of `send`, and errors of `body`.
    package func forEachPart(
        of answer: HTTPClientResponse,
        _ body: (UnsafeRawBufferPointer) throws -> Void
    ) async throws {
        var rate = RateCheck(settings.lowestRate)
        do {
            for try await part in answer.body {
                try part.withUnsafeReadableBytes(body)
                try rate.note(part.readableBytes)
            }
        } catch {
            throw failure(error)
        }
    }

    /// The answer to one request, up to its body. The deadline stops a server that sends its headers byte by byte,
    /// which an idle timeout would not. Sending a body extends the deadline by the time that it takes at the lowest
    /// rate.
    private func head(of request: HTTPClientRequest, sending byteCount: Int) async throws -> HTTPClientResponse {
        let limit = settings.answerTimeout + .seconds(byteCount / max(1, settings.lowestRate.bytesPerSecond))
        do {
            return try await withThrowingTaskGroup(of: HTTPClientResponse.self) { group in
                group.addTask { try await http.execute(request, deadline: .distantFuture) }
                group.addTask {
                    try await Task.sleep(for: limit)
                    throw HTTPClientError.deadlineExceeded
                }
                defer { group.cancelAll() }
                guard let answer = try await group.next() else { throw CancellationError() }
                return answer
            }
        } catch {
            throw failure(error)
        }
    }
}
