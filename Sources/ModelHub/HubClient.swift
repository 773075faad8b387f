import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Requests to the Hub: addresses, the token, redirects, and what its refusals mean.
struct HubClient: Sendable {
    let settings: HubSettings
    let http: HTTPClient
    /// owner/name.
    let repository: String

    /// The Hub sends large files from another host; more hops than this lead nowhere.
    private static let mostRedirects = 5

    var host: String { HubAddress(settings.endpoint)?.host ?? settings.endpoint }

    /// What the repository holds at a revision.
    func listing(of revision: String) async throws -> HubListing {
        let name = Self.escaped(revision, keeping: "")
        let answer = try await send("\(settings.endpoint)/api/models/\(repository)/revision/\(name)?blobs=true")
        try check(answer, for: .revision(revision))
        var bytes: [UInt8] = []
        try await forEachPart(of: answer) { part in
            guard bytes.count + part.count <= HubListing.byteLimit else {
                throw badAnswer(repository, "the listing is larger than \(HubListing.byteLimit >> 20) MiB")
            }
            bytes.append(contentsOf: part)
        }
        do {
            return try HubListing(parsing: bytes)
        } catch let problem as HubListing.Problem {
            throw badAnswer(repository, problem.reason)
        }
    }

    /// Size and digest of a file whose listing lacks them.
    func described(_ file: HubFile, at commit: String) async throws -> HubFile {
        guard file.size == nil || file.digest == nil else { return file }
        let answer = try await send(address(of: file, at: commit), .HEAD)
        try check(answer, for: .file(file.path))
        // A large file's own header stands beside that of the redirect to it.
        let tag = answer.headers.first(name: "X-Linked-Etag") ?? answer.headers.first(name: "ETag")
        let length = answer.headers.first(name: "X-Linked-Size") ?? answer.headers.first(name: "Content-Length")
        let hex = tag?.drop { "W/\"".contains($0) }.prefix { $0 != "\"" }
        guard let digest = hex.flatMap({ BlobDigest(hex: String($0)) }), let size = length.flatMap({ Int($0) }),
            (0...HubFile.sizeLimit).contains(size)
        else { throw badAnswer("'\(file.path)'", "it tells no size or no digest") }
        return HubFile(path: file.path, size: size, digest: digest)
    }

    /// The first bytes of a file, at most `count`; a server that knows no ranges may send more, which are not read.
    func beginning(of file: HubFile, at commit: String, count: Int) async throws -> [UInt8] {
        struct Enough: Error {}
        let answer = try await send(address(of: file, at: commit), range: "bytes=0-\(count - 1)")
        try check(answer, for: .file(file.path))
        var bytes: [UInt8] = []
        do {
            try await forEachPart(of: answer) { part in
                bytes += part.prefix(count - bytes.count)
                if bytes.count == count { throw Enough() }
            }
        } catch is Enough {}
        return bytes
    }

    /// The file's bytes from an offset; the server may answer with all of them.
    func open(_ file: HubFile, at commit: String, from offset: Int) async throws -> HTTPClientResponse {
        let range = offset > 0 ? "bytes=\(offset)-" : nil
        let answer = try await send(address(of: file, at: commit), range: range)
        if answer.status != .rangeNotSatisfiable { try check(answer, for: .file(file.path)) }
        return answer
    }

    /// Hands over a body piece by piece, as long as it comes faster than a server that only holds the connection.
    func forEachPart(of answer: HTTPClientResponse, _ body: (UnsafeRawBufferPointer) throws -> Void) async throws {
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
    /// which a limit on silence does not.
    private func head(of request: HTTPClientRequest) async throws -> HTTPClientResponse {
        do {
            return try await withThrowingTaskGroup(of: HTTPClientResponse.self) { group in
                group.addTask { try await http.execute(request, deadline: .distantFuture) }
                group.addTask {
                    try await Task.sleep(for: settings.answerTimeout)
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

    func badAnswer(_ about: String, _ reason: String) -> ModelHubError {
        .badAnswer(host: host, about: about, reason: reason)
    }

    private func address(of file: HubFile, at commit: String) -> String {
        "\(settings.endpoint)/\(repository)/resolve/\(commit)/\(Self.escaped(file.path, keeping: "/"))"
    }

    /// Follows redirects. The token goes to the Hub alone: whoever keeps its large files has no use for it.
    private func send(
        _ address: String,
        _ method: HTTPMethod = .GET,
        range: String? = nil
    ) async throws -> HTTPClientResponse {
        guard let first = HubAddress(address) else { throw ModelHubError.badEndpoint(settings.endpoint) }
        var place = first
        for _ in 0...Self.mostRedirects {
            var request = HTTPClientRequest(url: place.text)
            request.method = method
            request.headers.add(name: "User-Agent", value: "edgepipe")
            request.headers.add(name: "Accept-Encoding", value: "identity")
            if let range { request.headers.add(name: "Range", value: range) }
            if let token = settings.token, place.hasOrigin(of: first) {
                request.headers.add(name: "Authorization", value: token.header)
            }
            let answer = try await head(of: request)
            guard (301...308).contains(answer.status.code), answer.status != .notModified,
                let location = answer.headers.first(name: "Location")
            else { return answer }
            if method == .HEAD, answer.headers.contains(name: "X-Linked-Etag") { return answer }
            guard let next = HubAddress(location, relativeTo: place), next.isSecure || !place.isSecure else {
                throw badAnswer(repository, "it redirects to an address that is not safe")
            }
            place = next
        }
        throw badAnswer(repository, "it redirects without end")
    }

    /// Percent-encodes everything that has a meaning in an address.
    private static func escaped(_ text: String, keeping others: String) -> String {
        let plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" + others
        return text.addingPercentEncoding(withAllowedCharacters: CharacterSet(charactersIn: plain)) ?? text
    }
}
