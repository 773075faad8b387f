/// Why a server could not be asked, or an answer not be taken, whoever the server is.
package enum TransferError: Error, Equatable, Sendable {
    case badProxy
    case unreachable(reason: String)
    /// A redirect to an address that is not usable, or from https to http.
    case unsafeRedirect
    case endlessRedirects
}
