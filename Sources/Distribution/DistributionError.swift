import BinaryIO
import Registry

/// Why builds could not be imported or exported, in addition to the errors of the modules below.
public enum DistributionError: Error, CustomStringConvertible, Sendable {
    /// An input without builds, or with other bytes than it claims; the message names the place in it and ends with
    /// what to do.
    case unusable(place: String, String)
    /// A text that is not a valid reference to an OCI registry.
    case badReference(String, String)
    /// Credentials that cannot be used; the message never contains any part of them.
    case badCredentials(String, String)
    case unauthorized(String, hasCredentials: Bool)
    case denied(String, what: String)
    case unreachable(String, reason: String)
    /// An answer that an OCI registry would not give.
    case badAnswer(String, String)
    case missing(String, what: String)
    /// The server rejected a request; with its status, and its own message if it sent one.
    case refused(String, what: String, status: Int, words: String?)
    /// Downloaded bytes that differ from what was requested.
    case wrongBytes(String, what: String, String)
    /// A build with a projector, without the projector.
    case halfPair(BuildName, missing: BuildName)

    /// An input that contradicts its own metadata.
    static func damage(_ place: String, _ detail: String) -> DistributionError {
        .unusable(place: place, "\(detail). Export it again.")
    }

    /// The place, what is wrong there, and what to do.
    public var description: String {
        switch self {
        case .unusable(let place, let words): "\(place): \(words)"
        case .badReference(let text, let reason):
            "\(text.visible): \(reason). Write oci://HOST/PATH or oci://HOST/PATH:TAG."
        case .badCredentials(let host, let reason):
            "\(host): the credentials cannot be used: \(reason). Log in again, for example with `docker login \(host)`."
        case .unauthorized(let host, let hasCredentials):
            hasCredentials
                ? "\(host) does not take the credentials. Log in again, and check that they are for this repository."
                : "\(host) wants credentials. Log in with `docker login \(host)`, or set EDGEPIPE_OCI_USER and "
                    + "EDGEPIPE_OCI_PASSWORD."
        case .denied(let host, let what):
            "\(host) does not allow \(what) with these credentials. Ask its owner for the right to."
        case .unreachable(let host, let reason):
            "\(host): \(reason). Check the address and the connection, then run the same command again: it goes on where it "
                + "was."
        case .badAnswer(let host, let reason):
            "\(host): \(reason). Nothing of it was taken; check that the address is that of a registry."
        case .missing(let host, let what): "\(host) has no \(what). Check the name."
        case .refused(let host, let what, let status, let words):
            "\(host) refused \(what): status \(status)\(words.map { ", \"\($0)\"" } ?? ""). Nothing was published there."
        case .wrongBytes(let host, let what, let reason):
            "\(host): \(what) \(reason). Nothing of it was kept; the registry, or something between, changes what it is given."
        case .halfPair(let build, let projector):
            "\(build) sees with \(projector), which is not here as it was published. Bring both: export and import the "
                + "version whole, or publish it again."
        }
    }
}
