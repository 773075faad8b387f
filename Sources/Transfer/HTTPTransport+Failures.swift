import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import SystemPackage

extension HTTPTransport {
    /// The meaning of an error below HTTP: nearly all of them are temporary.
    func failure(_ error: any Error) -> any Error {
        // The client reports a cancelled request with its own error.
        if Task.isCancelled { return CancellationError() }
        switch error {
        case _ where Self.isAboutCertificate(error): return TransferError.unreachable(reason: reason(error))
        case is HTTPClientError, is HTTPParserError, is RateCheck.TooSlow, is NIOConnectionError, is IOError,
            is ChannelError, is NIOSSLError,
            is NIOSSLExtraError, is BoringSSLError:
            return RetryPolicy.Retriable(error: TransferError.unreachable(reason: reason(error)))
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
        default: return "\(error)".harmless
        }
    }

    private static let cut = "the connection was cut"
}

extension String {
    /// A server's message, shortened and without characters that a terminal would obey.
    package var harmless: String {
        String(String.UnicodeScalarView(unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7f }).prefix(200))
    }
}
