import AsyncHTTPClient
import NIOHTTP1

extension HTTPTransport {
    /// Reads a whole body; nil if it exceeds the limit, which is detected before more of it is read.
    /// - Parameter limit: the limit, in bytes.
    /// - Throws: errors of `forEachPart`.
    package func document(of answer: HTTPClientResponse, limit: Int) async throws -> [UInt8]? {
        struct TooLong: Error {}
        if let text = answer.headers.first(name: "Content-Length"), let length = Int(text), length > limit {
            return nil
        }
        var bytes: [UInt8] = []
        do {
            try await forEachPart(of: answer) { part in
                guard bytes.count + part.count <= limit else { throw TooLong() }
                bytes.append(contentsOf: part)
            }
        } catch is TooLong {
            return nil
        }
        return bytes
    }

    /// The pause that a server asks for, in seconds; nil for none.
    package static func pause(_ headers: HTTPHeaders) -> Int? {
        guard let text = headers.first(name: "Retry-After"), let seconds = Int(text), seconds >= 0 else { return nil }
        return seconds
    }
}
