import BinaryIO
import Crypto
import Foundation

/// Signs one request. Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header:
/// Transferring Payload in a Single Chunk (AWS Signature Version 4)".
package struct S3Signature {
    let accessKey: String
    let secret: String
    let region: String
    /// `20130524T000000Z`.
    package let time: String

    package init(accessKey: String, secret: String, region: String, at date: Date) {
        (self.accessKey, self.secret, self.region) = (accessKey, secret, region)
        time = date.formatted(.iso8601).replacing("-", with: "").replacing(":", with: "")
    }

    /// The value of the Authorization header.
    /// - Parameters:
    ///   - path: the encoded path, from the slash on.
    ///   - headers: all headers to sign, including Host.
    ///   - payload: SHA-256 of the body in hexadecimal digits.
    package func authorization(
        _ method: String,
        _ path: String,
        query: [(name: String, value: String)],
        headers: [(name: String, value: String)],
        payload: String
    ) -> String {
        let sorted = headers.map { ($0.name.lowercased(), $0.value.trimmingCharacters(in: .whitespaces)) }
            .sorted { $0.0 < $1.0 }
        let names = sorted.map(\.0).joined(separator: ";")
        let request = [
            method, path, Self.text(of: query), sorted.map { "\($0.0):\($0.1)\n" }.joined(), names, payload,
        ].joined(separator: "\n")
        let day = String(time.prefix(8))
        let scope = "\(day)/\(region)/s3/aws4_request"
        let text = ["AWS4-HMAC-SHA256", time, scope, "\(SHA256Digest(of: request.utf8))"].joined(separator: "\n")
        var key = SymmetricKey(data: Array("AWS4\(secret)".utf8))
        for step in [day, region, "s3", "aws4_request"] {
            key = SymmetricKey(data: Data(HMAC<SHA256>.authenticationCode(for: Array(step.utf8), using: key)))
        }
        let signature = HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
            .map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        return "AWS4-HMAC-SHA256 Credential=\(accessKey)/\(scope),SignedHeaders=\(names),Signature=\(signature)"
    }

    /// The canonical text of a query, which signatures and addresses share.
    static func text(of query: [(name: String, value: String)]) -> String {
        query.map { (encoded($0.name), encoded($0.value)) }.sorted { $0 < $1 }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// - Parameter keeping: characters that stay unencoded, in addition to the unreserved ones.
    package static func encoded(_ text: String, keeping: String = "") -> String {
        var result = ""
        for byte in text.utf8 {
            if byte.isAlphanumeric || "-._~".utf8.contains(byte) || keeping.utf8.contains(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hex = String(byte, radix: 16, uppercase: true)
                result += "%" + (byte < 16 ? "0" : "") + hex
            }
        }
        return result
    }
}
