import BinaryIO
import Briefs
import Foundation

/// A page, before anything is known of how it travels.
public struct SitePage: Sendable {
    /// Whether a page is what was asked for.
    public enum Outcome: Sendable {
        case found
        /// There is nothing under this name.
        case notFound
        /// The question cannot be asked so; the page says what to change.
        case badRequest
    }

    /// Whether it is what was asked for.
    public let outcome: Outcome
    /// A whole HTML document, in UTF-8.
    public let html: String
    /// What a browser may do for this page, as the value of the header `Content-Security-Policy`. No script, and nothing from
    /// other hosts.
    public let contentSecurityPolicy: String
    /// Of the text.
    public let language: Language

    init(_ outcome: Outcome = .found, html: String, contentSecurityPolicy: String, language: Language) {
        (self.outcome, self.html, self.language) = (outcome, html, language)
        self.contentSecurityPolicy = contentSecurityPolicy
    }
}

/// What a browser may do for a page.
enum ContentPolicy {
    /// Of pages with this style sheet and no other style.
    static func page(style: String) -> String {
        "default-src 'none'; style-src 'sha256-\(hash(style))'; img-src 'self' data:; form-action 'self'; base-uri 'none'"
    }

    /// Of reports, whose drawings set widths of their own.
    static let report =
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

    /// Of a whole site in files, where each page has a stricter one of its own.
    static let site =
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'none'; base-uri 'none'"
        + headerOnly

    /// What a policy in a document cannot say, so that only a header has it.
    static let headerOnly = "; frame-ancestors 'none'"

    private static func hash(_ text: String) -> String {
        let digits = Array(SHA256Digest(of: text.utf8).description.utf8)
        let bytes = stride(from: 0, to: digits.count, by: 2).map { index in
            UInt8(String(decoding: digits[index..<(index + 2)], as: UTF8.self), radix: 16) ?? 0
        }
        return Data(bytes).base64EncodedString()
    }
}
