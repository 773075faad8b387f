import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SystemPackage

extension HubClient {
    /// What a request asked for, which decides what a refusal means.
    enum Subject {
        case revision(String)
        case file(String)
    }

    /// - Throws: `ModelHubError`, inside `RetryPolicy.Retriable` where another try may go well.
    func check(_ answer: HTTPClientResponse, for subject: Subject) throws {
        let status = Int(answer.status.code)
        guard !(200...299).contains(status), !(301...308).contains(status) else { return }
        let code = answer.headers.first(name: "X-Error-Code")
        let message = answer.headers.first(name: "X-Error-Message").map(Self.harmless)
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
                error: .rateLimited(host: host, seconds: pause),
                pause: pause.map { .seconds($0) }
            )
        case (408, _, _), (500..., _, _):
            throw RetryPolicy.Retriable(
                error: .serverFailed(host: host, status: status, message: message),
                pause: Self.pause(answer.headers).map { .seconds($0) }
            )
        default:
            throw ModelHubError.serverFailed(host: host, status: status, message: message)
        }
    }

    /// What an error below HTTP means: nearly all of them may pass.
    func failure(_ error: any Error) -> any Error {
        // A cancelled request says so in the client's own words.
        if Task.isCancelled { return CancellationError() }
        switch error {
        case _ where Self.isAboutCertificate(error): return ModelHubError.unreachable(host: host, reason: reason(error))
        case is HTTPClientError, is HTTPParserError, is RateCheck.TooSlow, is NIOConnectionError, is IOError,
            is ChannelError, is NIOSSLError,
            is NIOSSLExtraError, is BoringSSLError:
            return RetryPolicy.Retriable(error: .unreachable(host: host, reason: reason(error)))
        default: return error
        }
    }

    private static func isAboutCertificate(_ error: any Error) -> Bool {
        switch error {
        case NIOSSLError.handshakeFailed(let cause): "\(cause)".contains("CERTIFICATE")
        case is NIOSSLExtraError: true
        default: false
        }
    }

    private func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError where error == .connectTimeout:
            return "no connection within \(settings.connectTimeout.components.seconds) seconds"
        case let error as HTTPClientError where error == .readTimeout:
            return "nothing came for \(settings.idleTimeout.components.seconds) seconds"
        case let error as HTTPClientError where error == .deadlineExceeded:
            return "no answer within \(settings.answerTimeout.components.seconds) seconds"
        case let error as RateCheck.TooSlow: return "\(error)"
        case let error as HTTPClientError where error == .remoteConnectionClosed: return Self.cut
        case is HTTPParserError: return Self.cut
        case let error as IOError: return "\(Errno(rawValue: error.errnoCode))"
        case let error as NIOConnectionError:
            guard let first = error.connectionErrors.first else { return "the name is not known" }
            return (first.error as? IOError).map { "\(Errno(rawValue: $0.errnoCode))" } ?? "no connection"
        case _ where Self.isAboutCertificate(error):
            return "its certificate is not trusted; a proxy may stand in between"
        default: return Self.harmless("\(error)")
        }
    }

    private static let cut = "the connection was cut"

    /// The pause that a server asks for, in seconds.
    private static func pause(_ headers: HTTPHeaders) -> Int? {
        if let text = headers.first(name: "Retry-After"), let seconds = Int(text), seconds >= 0 { return seconds }
        // The Hub's own form: "api";r=0;t=55.
        guard let limit = headers.first(name: "RateLimit"), limit.contains("r=0"),
            let seconds = limit.split(separator: ";").last(where: { $0.hasPrefix("t=") })?.dropFirst(2)
        else { return nil }
        return Int(seconds).flatMap { $0 >= 0 ? $0 : nil }
    }

    /// A server's words, short and without anything that a terminal would obey.
    private static func harmless(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7f }).prefix(200))
    }
}
