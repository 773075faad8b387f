import HTTPTypes
import Hummingbird
import NIOCore

/// A request with its route and validated parameters.
struct Call: Sendable {
    /// The route's names and their values in the path.
    let names: [String: String]
    let values: ParameterValues
    let headers: HTTPFields
    let body: RequestBody
    let isHead: Bool
    /// The path as it was sent, for addresses of this resource.
    let path: String
    /// The path, percent-decoded.
    let decodedPath: String
    /// `http://host:port`, as the client addressed the server.
    let origin: String
    let caller: Caller

    /// - Precondition: the route has this name.
    func name(_ name: String) -> String {
        guard let value = names[name] else { preconditionFailure("the route has no \(name)") }
        return value
    }
}

/// The answer to a request.
struct Answer: Sendable {
    enum Body: Sendable {
        case bytes([UInt8])
        case stream(BlobStream)
        /// No body; the fields describe what a GET would return.
        case nothing(length: Int)
    }

    var status = HTTPResponse.Status.ok
    var headers = HTTPFields()
    var body = Body.bytes([])

    init(_ status: HTTPResponse.Status = .ok, _ headers: [(HTTPField.Name, String)] = [], _ body: Body = .bytes([])) {
        (self.status, self.body) = (status, body)
        for (name, value) in headers { self.headers[name] = value }
    }

    init(bytes: [UInt8], as type: String, _ headers: [(HTTPField.Name, String)] = []) {
        self.init(.ok, [(.contentType, type)] + headers, .bytes(bytes))
    }

    /// Answers with bytes and a strong ETag; 304 if the client has them.
    static func tagged(_ bytes: [UInt8], as type: String, etag: String, _ call: Call) -> Answer {
        let fields: [(HTTPField.Name, String)] = [(.eTag, etag), (.cacheControl, "no-cache")]
        if call.headers.hasMatch(etag) { return Answer(.notModified, fields, .nothing(length: bytes.count)) }
        return Answer(bytes: bytes, as: type, fields)
    }
}

extension HTTPFields {
    /// Whether `If-None-Match` names this entity. A weak tag matches too.
    func hasMatch(_ etag: String) -> Bool {
        guard let wanted = self[.ifNoneMatch] else { return false }
        if wanted == "*" { return true }
        return wanted.split(separator: ",").contains { item in
            let tag = item.trimmingBlanks
            return tag == etag || tag == "W/\(etag)"
        }
    }
}

extension StringProtocol {
    var trimmingBlanks: String {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        let start = drop(while: isBlank)
        return start.lastIndex { !isBlank($0) }.map { String(start[...$0]) } ?? ""
    }
}

extension HTTPField.Name {
    // The names come from the specifications: not empty and without forbidden characters.
    static let dockerContentDigest = Self("Docker-Content-Digest")!
    static let dockerUploadUUID = Self("Docker-Upload-UUID")!
    static let dockerDistributionVersion = Self("Docker-Distribution-API-Version")!
    static let ociFiltersApplied = Self("OCI-Filters-Applied")!
    static let ociSubject = Self("OCI-Subject")!
    static let link = Self("Link")!
    static let xRepoCommit = Self("X-Repo-Commit")!
    static let xErrorCode = Self("X-Error-Code")!
    static let xErrorMessage = Self("X-Error-Message")!
    static let xLinkedETag = Self("X-Linked-Etag")!
    static let xLinkedSize = Self("X-Linked-Size")!
    static let xForwardedProto = Self("X-Forwarded-Proto")!
}
