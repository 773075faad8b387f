import BinaryIO
import Briefs
import Foundation

/// A rendered page, independent of how it is delivered.
public struct SitePage: Sendable {
    /// Whether a page answers the request.
    public enum Outcome: Sendable {
        case found
        /// There is no page with this name.
        case notFound
        /// The question is invalid; the page says what to change.
        case badRequest
    }

    /// Whether the page answers the request.
    public let outcome: Outcome
    /// A whole HTML document, in UTF-8.
    public let html: String
    /// The value of the header `Content-Security-Policy` for this page. It allows no scripts, and nothing from other
    /// hosts.
    public let contentSecurityPolicy: String
    /// The language of the text.
    public let language: Language

    init(_ outcome: Outcome = .found, html: String, contentSecurityPolicy: String, language: Language) {
        (self.outcome, self.html, self.language) = (outcome, html, language)
        self.contentSecurityPolicy = contentSecurityPolicy
    }
}

/// The content security policies of pages.
enum ContentPolicy {
    /// The policy of pages with this style sheet and no other style.
    static func page(style: String) -> String {
        "default-src 'none'; style-src 'sha256-\(hash(style))'; img-src 'self' data:; form-action 'self'; base-uri 'none'"
    }

    /// The policy of reports, whose charts set inline widths.
    static let report =
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

    /// The policy of a whole static site, where each page has a stricter one of its own.
    static let site =
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; form-action 'none'; base-uri 'none'"
        + headerOnly

    /// The directives that only a header can set, not a document.
    static let headerOnly = "; frame-ancestors 'none'"

    private static func hash(_ text: String) -> String {
        let digits = Array(SHA256Digest(of: text.utf8).description.utf8)
        let bytes = stride(from: 0, to: digits.count, by: 2).map { index in
            UInt8(String(decoding: digits[index..<(index + 2)], as: UTF8.self), radix: 16) ?? 0
        }
        return Data(bytes).base64EncodedString()
    }
}
