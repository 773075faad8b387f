import AsyncHTTPClient
import BinaryIO
import Foundation
import NIOHTTP1
import Transfer

/// Sends requests to one bucket: addresses, signatures, and the meaning of rejections.
///
/// Source: Amazon S3 API Reference. Addresses are in path style, which all other S3-compatible services understand too.
struct S3Client: Sendable {
    let transport: HTTPTransport
    let settings: S3Settings
    let place: S3Place

    /// The longest XML answer, in bytes: a thousand names of a kilobyte each.
    static let longestDocument = 4 << 20
    /// SHA-256 of an empty body.
    private static let emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// A request to an object, or to the bucket if there is no name.
    struct Call {
        var method = HTTPMethod.GET
        /// The object's name in the place.
        var name: String?
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var body: [UInt8]?
        /// SHA-256 of the body, if it is known already.
        var digest: SHA256Digest?
    }

    /// The metadata of an object.
    struct Object {
        let byteCount: Int
        /// Checksum of the whole object; nil if the service does not give one.
        let digest: String?
    }

    func send(_ call: Call) async throws -> HTTPClientResponse {
        let path = "/" + place.bucket + (call.name.map { "/" + S3Signature.encoded(place.key($0), keeping: "/") } ?? "")
        let credentials = settings.credentials
        let signature = S3Signature(
            accessKey: credentials.accessKey,
            secret: credentials.secret,
            region: settings.region,
            at: Date()
        )
        let payload = call.digest.map { "\($0)" } ?? call.body.map { "\(SHA256Digest(of: $0))" } ?? Self.emptyDigest
        var headers = call.headers
        headers += [("Host", settings.host), ("x-amz-date", signature.time), ("x-amz-content-sha256", payload)]
        if let token = credentials.sessionToken { headers.append(("x-amz-security-token", token)) }
        let query = S3Signature.text(of: call.query)
        guard let address = HTTPAddress(path + (query.isEmpty ? "" : "?\(query)"), relativeTo: settings.endpoint) else {
            throw ObjectStorageError.badEndpoint("an address of it is not usable")
        }
        let request = HTTPTransport.Request(
            address,
            call.method,
            authorization: signature.authorization(
                "\(call.method)",
                path,
                query: call.query,
                headers: headers,
                payload: payload
            ),
            headers: headers,
            body: call.body,
            // Credentials are for the endpoint only, so redirects are not followed.
            isFinal: { _ in true }
        )
        return try await explaining(what(call)) { try await transport.send(request) }
    }

    /// The subject of a request, for messages.
    func what(_ call: Call) -> String { call.name.map(place.address) ?? "\(place)" }

    /// The metadata of an object; nil if there is none with this name.
    func head(_ name: String) async throws -> Object? {
        let call = Call(method: .HEAD, name: name, headers: [("x-amz-checksum-mode", "ENABLED")])
        return try await retrying {
            let answer = try await send(call)
            if answer.status == .notFound { return nil }
            try await check(answer, .ok, of: call)
            guard let text = answer.headers.first(name: "Content-Length"), let count = Int(text), count >= 0 else {
                throw ObjectStorageError.badAnswer(what(call), "the size of the object is not told")
            }
            return Object(byteCount: count, digest: Self.digest(answer.headers))
        }
    }

    /// The checksum of a whole object, in Base64; nil for an object of several parts, whose checksum does not cover its
    /// bytes.
    static func digest(_ headers: HTTPHeaders) -> String? {
        guard headers.first(name: "x-amz-checksum-type") != "COMPOSITE",
            let text = headers.first(name: "x-amz-checksum-sha256"), text.utf8.count == 44
        else { return nil }
        return text
    }

    /// Checks that the bucket exists, because a missing bucket would look like missing objects.
    /// - Throws: `ObjectStorageError.missingBucket`.
    func checkBucket() async throws {
        let call = Call(method: .HEAD)
        try await retrying {
            let answer = try await send(call)
            if answer.status == .notFound { throw ObjectStorageError.missingBucket("\(S3Place.scheme)\(place.bucket)") }
            // Credentials that allow access to objects need not allow requests about the bucket.
            if answer.status == .forbidden { return }
            try await check(answer, .ok, .noContent, of: call)
        }
    }

    func delete(_ name: String) async throws {
        let call = Call(method: .DELETE, name: name)
        try await retrying {
            let answer = try await send(call)
            try await check(answer, .ok, .noContent, .notFound, of: call)
        }
    }

    /// Retries requests that failed with a temporary error.
    func retrying<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await transport.settings.retries.run { try await body() }
    }
}
