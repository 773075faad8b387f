import BinaryIO
import Registry

/// Why builds could not be carried in or out, beyond what the rooms below say.
public enum DistributionError: Error, CustomStringConvertible, Sendable {
    /// Something that was given and holds no builds, or other bytes than it says; in words that name the place in it and end
    /// with what to do.
    case unusable(place: String, String)
    /// A text that names no place in an OCI registry.
    case badReference(String, String)
    /// Credentials that cannot be used; never with a word of them.
    case badCredentials(String, String)
    case unauthorized(String, hasCredentials: Bool)
    case denied(String, what: String)
    case unreachable(String, reason: String)
    /// An answer that no such server gives.
    case badAnswer(String, String)
    case missing(String, what: String)
    /// The server said no; with its status, and its own words where it has some.
    case refused(String, what: String, status: Int, words: String?)
    /// Bytes that came from elsewhere and are not what was named.
    case wrongBytes(String, what: String, String)
    /// A build that sees, without what it sees with.
    case halfPair(BuildName, missing: BuildName)

    /// What the place says of itself does not hold.
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
