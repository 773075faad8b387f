/// Why a server could not be reached, or its answer was rejected, independent of the kind of server.
package enum TransferError: Error, Equatable, Sendable {
    case badProxy
    case unreachable(reason: String)
    /// A redirect to an invalid address, or from https to http.
    case unsafeRedirect
    case endlessRedirects
}
