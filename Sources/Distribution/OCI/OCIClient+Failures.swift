import AsyncHTTPClient
import BinaryIO
import NIOHTTP1
import Transfer

extension OCIClient {
    /// The longest error message of a registry that is read, in bytes.
    private static let longestRefusal = 1 << 16

    /// Returns if the answer has the expected status; throws the meaning of any other one.
    /// - Throws: `DistributionError`, wrapped in `RetryPolicy.Retriable` if a retry may succeed.
    func check(_ answer: HTTPClientResponse, _ wanted: HTTPResponseStatus..., of call: Call) async throws {
        guard !wanted.contains(answer.status) else { return }
        try Self.checkPause(answer, host)
        let words = await words(of: answer)
        switch answer.status {
        case .forbidden: throw DistributionError.denied(host, what: call.what)
        case .notFound where !call.writes: throw DistributionError.missing(host, what: call.what)
        default:
            throw DistributionError.refused(host, what: call.what, status: Int(answer.status.code), words: words)
        }
    }

    /// - Throws: `RetryPolicy.Retriable` if the server asks for a later retry or has an internal error.
    static func checkPause(_ answer: HTTPClientResponse, _ host: String) throws {
        let status = Int(answer.status.code)
        guard status == 429 || status == 408 || status >= 500 else { return }
        throw RetryPolicy.Retriable(
            error: DistributionError.refused(host, what: "to answer", status: status, words: nil),
            pause: HTTPTransport.pause(answer.headers).map { .seconds($0) }
        )
    }

    /// The server's own message, shortened and made safe to print. Source: the distribution specification, "Error
    /// codes".
    private func words(of answer: HTTPClientResponse) async -> String? {
        guard let body = try? await transport.document(of: answer, limit: Self.longestRefusal),
            let json = try? JSONValue(parsing: body), case .array(let errors)? = json["errors"],
            let first = errors.first
        else { return nil }
        let parts = [first["code"]?.string, first["message"]?.string].compactMap { $0?.harmless }
        return parts.isEmpty ? nil : parts.joined(separator: ": ")
    }

    /// Runs `body` and turns failed transfers into errors that name the registry.
    static func naming<Value>(_ host: String, _ body: () async throws -> Value) async throws -> Value {
        func meaning(_ error: TransferError) -> DistributionError {
            switch error {
            case .badProxy: .unreachable(host, reason: "the proxy's address is not usable")
            case .unreachable(let reason): .unreachable(host, reason: reason)
            case .unsafeRedirect: .badAnswer(host, "it redirects to an address that is not safe")
            case .endlessRedirects: .badAnswer(host, "it redirects without end")
            }
        }
        do {
            return try await body()
        } catch let error as TransferError {
            throw meaning(error)
        } catch let failure as RetryPolicy.Retriable {
            guard let error = failure.error as? TransferError else { throw failure }
            throw RetryPolicy.Retriable(error: meaning(error), pause: failure.pause)
        }
    }
}
