import Foundation

/// The proxy between this machine and the Hub.
package struct HubProxy: Equatable, Sendable {
    package let host: String
    package let port: Int

    /// The proxy that the usual variables name, unless they exempt the address; this machine itself is always exempt.
    package init?(environment: [String: String], for address: URL) {
        func value(_ name: String) -> String? {
            environment.variable(name.lowercased()) ?? environment.variable(name)
        }
        let exempt = (value("NO_PROXY") ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        guard let target = address.host?.lowercased(),
            !["localhost", "127.0.0.1", "::1"].contains(target),
            !exempt.contains(where: { name in
                let bare = name.lowercased().drop { $0 == "." }
                return name == "*" || target == bare || !bare.isEmpty && target.hasSuffix(".\(bare)")
            }),
            let text = value(address.scheme == "https" ? "HTTPS_PROXY" : "HTTP_PROXY") ?? value("ALL_PROXY"),
            let proxy = URL(string: text.contains("://") ? text : "http://\(text)"), let host = proxy.host
        else { return nil }
        self.host = host
        port = proxy.port ?? 80
    }
}
