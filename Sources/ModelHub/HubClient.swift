import AsyncHTTPClient
import Foundation
import NIOHTTP1
import Transfer

/// Sends requests to the Hub: addresses, the token, and the meaning of rejections.
struct HubClient: Sendable {
    let settings: HubSettings
    let transport: HTTPTransport
    /// `owner/name`
    let repository: String

    var host: String { HTTPAddress(settings.endpoint)?.host ?? settings.endpoint }

    /// The files of the repository at a revision.
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

    /// A file with its size and digest, requested because the listing lacks them.
    func described(_ file: HubFile, at commit: String) async throws -> HubFile {
        guard file.size == nil || file.digest == nil else { return file }
        let answer = try await send(address(of: file, at: commit), .HEAD)
        try check(answer, for: .file(file.path))
        // For a large file, this header describes the file and `ETag` the redirect to it.
        let tag = answer.headers.first(name: "X-Linked-Etag") ?? answer.headers.first(name: "ETag")
        let length = answer.headers.first(name: "X-Linked-Size") ?? answer.headers.first(name: "Content-Length")
        let hex = tag?.drop { "W/\"".contains($0) }.prefix { $0 != "\"" }
        guard let digest = hex.flatMap({ BlobDigest(hex: String($0)) }), let size = length.flatMap({ Int($0) }),
            (0...HubFile.sizeLimit).contains(size)
        else { throw badAnswer("'\(file.path)'", "it tells no size or no digest") }
        return HubFile(path: file.path, size: size, digest: digest)
    }

    /// The first bytes of a file, at most `count`. A server without range support may send more, which is not read.
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

    /// Passes a body to `body` piece by piece.
    func forEachPart(of answer: HTTPClientResponse, _ body: (UnsafeRawBufferPointer) throws -> Void) async throws {
        try await naming { try await transport.forEachPart(of: answer, body) }
    }

    func badAnswer(_ about: String, _ reason: String) -> ModelHubError {
        .badAnswer(host: host, about: about, reason: reason)
    }

    private func address(of file: HubFile, at commit: String) -> String {
        "\(settings.endpoint)/\(repository)/resolve/\(commit)/\(Self.escaped(file.path, keeping: "/"))"
    }

    /// Sends the token to the Hub only, because the servers of its large files do not need it.
    private func send(
        _ address: String,
        _ method: HTTPMethod = .GET,
        range: String? = nil
    ) async throws -> HTTPClientResponse {
        guard let place = HTTPAddress(address) else { throw ModelHubError.badEndpoint(settings.endpoint) }
        let request = HTTPTransport.Request(
            place,
            method,
            range: range,
            authorization: settings.token?.header,
            isFinal: { method == .HEAD && $0.headers.contains(name: "X-Linked-Etag") }
        )
        return try await naming { try await transport.send(request) }
    }

    /// Percent-encodes every character that has a meaning in an address.
    private static func escaped(_ text: String, keeping others: String) -> String {
        let plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" + others
        return text.addingPercentEncoding(withAllowedCharacters: CharacterSet(charactersIn: plain)) ?? text
    }
}
