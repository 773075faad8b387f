/// Why objects could not be stored in object storage or downloaded from it. None of these errors is damage: nothing was
/// changed.
public enum ObjectStorageError: Error, Equatable, Sendable, CustomStringConvertible {
    case badPlace(String, String)
    /// The environment gives an invalid endpoint.
    case badEndpoint(String)
    /// The credentials are missing or invalid; the message never contains any part of them.
    case badCredentials(String)
    case unreachable(String, reason: String)
    /// The service rejects the credentials, or they do not allow the request; with the service's own code.
    case denied(String, code: String?)
    case missingBucket(String)
    /// An answer that an S3 service would not give.
    case badAnswer(String, String)
    /// The service rejected the request; with its status, and its code if it sent one.
    case refused(String, status: Int, code: String?)
    /// An object's size differs from the size it was stored with, in bytes.
    case wrongSize(String, found: Int, expected: Int)
    /// An object with this name exists and has other bytes.
    case occupied(String)
    /// Downloaded bytes without the checksum that the service gives.
    case wrongBytes(String)

    /// The request, its outcome, and what to do.
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

    /// Whether the input is invalid, as opposed to a failure of the service.
    public var isBadInput: Bool {
        switch self {
        case .badPlace, .badEndpoint, .badCredentials, .missingBucket: true
        default: false
        }
    }

    private static func quoted(_ code: String?) -> String { code.map { " (\($0))" } ?? "" }
}
