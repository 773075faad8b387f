import AsyncHTTPClient
import NIOHTTP1
import Transfer

extension S3Client {
    /// What a service says of a refusal may be so long, in bytes.
    private static let longestRefusal = 1 << 16

    /// Takes the answer that is wanted, or says what a refusal means.
    /// - Throws: `ObjectStorageError`, inside `RetryPolicy.Retriable` where another try may go well.
    func check(_ answer: HTTPClientResponse, _ wanted: HTTPResponseStatus..., of call: Call) async throws {
        guard !wanted.contains(answer.status) else { return }
        let status = Int(answer.status.code)
        let code = await code(of: answer)
        let refusal = Self.refusal(status, code, of: call, self)
        // 501 says that the service never does such a thing.
        let isTemporary =
            status == 408 || status == 429 || status >= 500 && status != 501 || code == "RequestTimeout"
        guard isTemporary else { throw refusal }
        throw RetryPolicy.Retriable(error: refusal, pause: HTTPTransport.pause(answer.headers).map { .seconds($0) })
    }

    private static func refusal(_ status: Int, _ code: String?, of call: Call, _ client: S3Client) -> ObjectStorageError
    {
        switch (status, code) {
        case (401, _), (403, _): .denied(client.what(call), code: code)
        case (404, "NoSuchBucket"): .missingBucket("\(S3Place.scheme)\(client.place.bucket)")
        case (301...308, _): .badAnswer(client.what(call), "it redirects elsewhere, as for a bucket of another region")
        default: .refused(client.what(call), status: status, code: code)
        }
    }

    /// The service's own word for a refusal. Source: Amazon S3 API Reference, "Error responses".
    func code(of answer: HTTPClientResponse) async -> String? {
        guard let body = try? await transport.document(of: answer, limit: Self.longestRefusal) else { return nil }
        return Self.code(of: body)
    }

    static func code(of body: [UInt8]) -> String? {
        guard let code = S3Answer(body).all("Error").first?.text("Code"), !code.isEmpty, code.utf8.count <= 64,
            code.utf8.allSatisfy(\.isAlphanumeric)
        else { return nil }
        return code
    }

    /// What a transfer's failure means.
    func explaining<Value>(_ what: String, _ body: () async throws -> Value) async throws -> Value {
        func meaning(_ error: TransferError) -> ObjectStorageError {
            switch error {
            case .badProxy: .unreachable(what, reason: "the proxy's address is not usable")
            case .unreachable(let reason): .unreachable(what, reason: reason)
            case .unsafeRedirect, .endlessRedirects: .badAnswer(what, "it redirects elsewhere")
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
