/// Why objects could not be kept in object storage or fetched from there. None of these is damage: nothing was changed.
public enum ObjectStorageError: Error, Equatable, Sendable, CustomStringConvertible {
    case badPlace(String, String)
    /// The environment names an endpoint that cannot be used.
    case badEndpoint(String)
    /// There are none, or they cannot be used; never with a word of them.
    case badCredentials(String)
    case unreachable(String, reason: String)
    /// The service does not take the credentials, or these may not do this; with the service's own code.
    case denied(String, code: String?)
    case missingBucket(String)
    /// An answer that no such service gives.
    case badAnswer(String, String)
    /// The service said no; with its status, and its code where it gives one.
    case refused(String, status: Int, code: String?)
    /// An object has another size than it was stored with, in bytes.
    case wrongSize(String, found: Int, expected: Int)
    /// What is stored under a name has other bytes than what was to be stored under it.
    case occupied(String)
    /// Bytes that came and do not have the checksum that the service names.
    case wrongBytes(String)

    /// What was asked, what came of it, and what to do.
    public var description: String {
        switch self {
        case .badPlace(let text, let reason):
            "\(text): \(reason). Write s3://BUCKET/PREFIX."
        case .badEndpoint(let reason):
            "the endpoint of the object storage cannot be used: \(reason). Set AWS_ENDPOINT_URL_S3 to an https address; "
                + "http is for this machine alone."
        case .badCredentials(let reason):
            "\(reason). Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them into ~/.aws/credentials."
        case .unreachable(let what, let reason):
            "\(what): \(reason). Nothing was changed; check the endpoint and the connection, then run the same command again."
        case .denied(let what, let code):
            "\(what): access is denied\(Self.quoted(code)). Check the credentials, the clock, and what they are allowed "
                + "to do there."
        case .missingBucket(let place):
            "\(place): there is no such bucket. Check its name, AWS_REGION and AWS_ENDPOINT_URL_S3, or make it."
        case .badAnswer(let what, let reason):
            "\(what): \(reason). Check that the endpoint is that of an object storage."
        case .refused(let what, let status, let code):
            "\(what): the object storage refused with status \(status)\(Self.quoted(code))."
        case .wrongSize(let what, let found, let expected):
            "\(what) has \(found) bytes, \(expected) were stored."
        case .occupied(let what):
            "\(what): other bytes are stored under this name. Choose another prefix, or remove it if it is not needed."
        case .wrongBytes(let what):
            "\(what): what came does not have the checksum that the object storage names. Run the same command again."
        }
    }

    /// Whether what was given cannot be used, as opposed to a service that did not do its part.
    public var isBadInput: Bool {
        switch self {
        case .badPlace, .badEndpoint, .badCredentials, .missingBucket: true
        default: false
        }
    }

    private static func quoted(_ code: String?) -> String { code.map { " (\($0))" } ?? "" }
}
