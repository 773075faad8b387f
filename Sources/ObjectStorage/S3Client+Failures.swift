import AsyncHTTPClient
import NIOHTTP1
import Transfer

extension S3Client {
    /// The longest error message of a service that is read, in bytes.
    private static let longestRefusal = 1 << 16

    /// Returns if the answer has the expected status; throws the meaning of any other one.
    /// - Throws: `ObjectStorageError`, wrapped in `RetryPolicy.Retriable` if a retry may succeed.
    func check(_ answer: HTTPClientResponse, _ wanted: HTTPResponseStatus..., of call: Call) async throws {
        guard !wanted.contains(answer.status) else { return }
        let status = Int(answer.status.code)
        let code = await code(of: answer)
        let refusal = Self.refusal(status, code, of: call, self)
        // 501 means that the service does not support the request at all.
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

    /// The service's own code for the error. Source: Amazon S3 API Reference, "Error responses".
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

    /// Runs `body` and turns failed transfers into `ObjectStorageError`.
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
