import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SystemPackage

/// Requests over HTTP: limits on time, and redirects that leave the credentials behind when they lead to another server.
package struct HTTPTransport: Sendable {
    package let settings: TransportSettings
    private let http: HTTPClient

    /// More hops than this lead nowhere.
    private static let mostRedirects = 5

    /// One request, wherever redirects may lead it.
    package struct Request {
        package var address: HTTPAddress
        package var method: HTTPMethod
        package var range: String?
        /// For the server of `address` alone.
        package var authorization: String?
        /// For every server that the request reaches.
        package var headers: [(name: String, value: String)]
        /// Sent along; a redirect takes it to another address only where the server asks to repeat the request (307, 308).
        package var body: [UInt8]?
        /// A file that is sent in place of `body`, as it is read.
        package var file: (path: FilePath, byteCount: Int)?
        /// Whether an answer is the one that is wanted although it redirects.
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

    /// Runs the body with a transport whose connections and threads end with it.
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

    /// The answer, after redirects.
    /// - Throws: `TransferError`, inside `RetryPolicy.Retriable` where another try may go well.
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

    /// Hands over a body piece by piece, as long as it comes faster than a server that only holds the connection.
    /// - Throws: as `send`, and what `body` throws.
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

    /// The answer to one request, up to its body. Its deadline covers a server that sends its headers letter by letter,
    /// which a limit on silence does not. A body has the time that it takes at the lowest rate.
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
