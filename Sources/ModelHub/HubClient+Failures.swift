import AsyncHTTPClient
import NIOHTTP1
import Transfer

extension HubClient {
    /// The subject of a request, which decides the meaning of a rejection.
    enum Subject {
        case revision(String)
        case file(String)
    }

    /// - Throws: `ModelHubError`, wrapped in `RetryPolicy.Retriable` if a retry may succeed.
    func check(_ answer: HTTPClientResponse, for subject: Subject) throws {
        let status = Int(answer.status.code)
        guard !(200...299).contains(status), !(301...308).contains(status) else { return }
        let code = answer.headers.first(name: "X-Error-Code")
        let message = answer.headers.first(name: "X-Error-Message").map(\.harmless)
        switch (status, code, subject) {
        case (_, "GatedRepo", _):
            throw ModelHubError.gated(
                repository: repository,
                page: "\(settings.endpoint)/\(repository)",
                hasToken: settings.token != nil
            )
        case (_, "RevisionNotFound", .revision(let revision)):
            throw ModelHubError.noRevision(repository: repository, revision: revision)
        case (404, _, .file(let file)) where code != "RepoNotFound":
            throw ModelHubError.missingFile(repository: repository, file: file)
        case (401, _, _) where settings.token != nil && code != "RepoNotFound":
            throw ModelHubError.tokenRefused(host: host)
        case (401, _, _), (404, _, _):
            throw ModelHubError.noRepository(repository, hasToken: settings.token != nil)
        case (429, _, _):
            let pause = Self.pause(answer.headers)
            throw RetryPolicy.Retriable(
                error: ModelHubError.rateLimited(host: host, seconds: pause),
                pause: pause.map { .seconds($0) }
            )
        case (408, _, _), (500..., _, _):
            throw RetryPolicy.Retriable(
                error: ModelHubError.serverFailed(host: host, status: status, message: message),
                pause: Self.pause(answer.headers).map { .seconds($0) }
            )
        default:
            throw ModelHubError.serverFailed(host: host, status: status, message: message)
        }
    }

    /// The pause that a server asks for, in seconds; nil for none.
    private static func pause(_ headers: HTTPHeaders) -> Int? {
        if let seconds = HTTPTransport.pause(headers) { return seconds }
        // The Hub's own form: "api";r=0;t=55.
        guard let limit = headers.first(name: "RateLimit"), limit.contains("r=0"),
            let seconds = limit.split(separator: ";").last(where: { $0.hasPrefix("t=") })?.dropFirst(2)
        else { return nil }
        return Int(seconds).flatMap { $0 >= 0 ? $0 : nil }
    }

    /// Runs `body` and turns failed transfers into errors that name the Hub.
    func naming<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as TransferError {
            throw meaning(of: error)
        } catch let failure as RetryPolicy.Retriable {
            guard let error = failure.error as? TransferError else { throw failure }
            throw RetryPolicy.Retriable(error: meaning(of: error), pause: failure.pause)
        }
    }

    private func meaning(of error: TransferError) -> ModelHubError {
        switch error {
        case .badProxy: .badProxy
        case .unreachable(let reason): .unreachable(host: host, reason: reason)
        case .unsafeRedirect: badAnswer(repository, "it redirects to an address that is not safe")
        case .endlessRedirects: badAnswer(repository, "it redirects without end")
        }
    }
}
