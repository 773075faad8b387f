import Answers
import BinaryIO
import DeviceFit
import Distribution
import HTTPTypes
import Registry

/// The reason why a request is rejected: a status, a code for programs, and a message for people.
package struct ServerError: Error, Sendable {
    let status: HTTPResponse.Status
    /// The code for programs; never changes.
    let code: String
    /// The message: what is wrong, where, and what to do.
    package let message: String
    /// The specification's code, for OCI clients.
    var ociCode: String?
    /// The Hub's code, for its clients.
    var hubCode: String?
    var headers: [(HTTPField.Name, String)] = []

    init(_ status: HTTPResponse.Status, _ code: String, _ message: String, oci: String? = nil, hub: String? = nil) {
        (self.status, self.code, self.message) = (status, code, message)
        (ociCode, hubCode) = (oci, hub)
    }

    static func badRequest(_ message: String, oci: String? = nil) -> ServerError {
        ServerError(.badRequest, "badRequest", message, oci: oci)
    }

    static func notFound(_ message: String, oci: String? = nil, hub: String? = nil) -> ServerError {
        ServerError(.notFound, "notFound", message, oci: oci, hub: hub)
    }

    static func tooLarge(_ what: String, _ limit: Int) -> ServerError {
        ServerError(.contentTooLarge, "tooLarge", "\(what) takes more than \(limit) bytes.", oci: "SIZE_INVALID")
    }

    static let busy = retriable("busy", "too many requests wait already. Try again in a moment.", seconds: 1)

    static let unavailable = retriable(
        "registryUnavailable",
        "the registry cannot be read right now; the server's log says why. Try again later.",
        seconds: 5
    )

    private static func retriable(_ code: String, _ message: String, seconds: Int) -> ServerError {
        var error = ServerError(.serviceUnavailable, code, message, oci: "TOOMANYREQUESTS")
        error.headers = [(.retryAfter, "\(seconds)")]
        return error
    }
}

extension ServerError {
    /// The answer to a client after an error of the modules below, and whether to log the error: paths and damage are
    /// for the operator alone.
    static func telling(_ error: any Error) -> (answer: ServerError, isLogged: Bool) {
        switch error {
        case let error as ServerError: (error, false)
        case let error as NothingFits: (.notFound(error.description), false)
        case let error as AnswersError:
            switch error {
            case .badRequest(let words): (.badRequest(words), false)
            case .badFile(let words): (ServerError(.unprocessableContent, "unusable", words), false)
            }
        case let error as DeviceFitError:
            if case .malformedCatalogue = error {
                (internalError, true)
            } else {
                (.badRequest(error.description), false)
            }
        case let error as RegistryError:
            switch error {
            case .notFound: (.notFound(error.description), false)
            case .invalidName, .invalidValue, .ambiguousType: (.badRequest(error.description), false)
            default: (unavailable, true)
            }
        case let error as DistributionError:
            if case .halfPair = error { (.notFound(error.description), true) } else { (internalError, true) }
        case is FileError: (unavailable, true)
        default: (internalError, true)
        }
    }

    private static let internalError = ServerError(
        .internalServerError,
        "internal",
        "the server could not answer; its log says why."
    )
}

extension HTTPResponse.Status {
    /// Source: RFC 4918, section 11.5.
    static let noRoom = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}
