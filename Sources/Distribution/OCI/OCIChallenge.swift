/// The credentials that a registry requests, from the header `WWW-Authenticate`.
///
/// Source: RFC 9110, section 11.6.1; the distribution project's token authentication specification for the keys.
package enum OCIChallenge: Equatable {
    case basic
    case bearer(realm: String, service: String?, scope: String?)

    /// - Parameter headers: every value of the header; the first known scheme counts, and Bearer is preferred to Basic.
    package init?(_ headers: [String]) {
        var knowsBasic = false
        for header in headers.map({ $0.prefix(8192) }) {
            let scheme = header.prefix { $0 != " " }.lowercased()
            if scheme == "basic" { knowsBasic = true }
            guard scheme == "bearer" else { continue }
            let values = Self.parameters(header.dropFirst(scheme.count))
            guard let realm = values["realm"] else { continue }
            self = .bearer(realm: realm, service: values["service"], scope: values["scope"])
            return
        }
        guard knowsBasic else { return nil }
        self = .basic
    }

    /// Parses `name="value"` pairs separated by commas; a value may contain commas, and quotation marks after
    /// backslashes.
    private static func parameters(_ text: Substring) -> [String: String] {
        var values: [String: String] = [:]
        var rest = text
        while let equals = rest.firstIndex(of: "=") {
            let name = rest[..<equals].filter { !", \t".contains($0) }.lowercased()
            rest = rest[rest.index(after: equals)...]
            var value = ""
            if rest.first == "\"" {
                rest.removeFirst()
                while let character = rest.popFirst(), character != "\"" {
                    if character == "\\", let next = rest.popFirst() {
                        value.append(next)
                    } else {
                        value.append(character)
                    }
                }
            } else {
                value = String(rest.prefix { $0 != "," })
                rest = rest.dropFirst(value.count)
            }
            if values[name] == nil { values[name] = value }
        }
        return values
    }
}

/// The scope of a token: a repository, and the actions there.
struct OCIScope: Hashable, Sendable {
    let repository: String
    let writes: Bool

    var text: String { "repository:\(repository):\(writes ? "pull,push" : "pull")" }
}
