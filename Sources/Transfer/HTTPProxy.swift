import Foundation

/// A proxy between this machine and a server.
package struct HTTPProxy: Equatable, Sendable {
    package let host: String
    package let port: Int

    /// The proxy in the usual variables, unless they exempt the address; this machine is always exempt.
    /// - Throws: `TransferError.badProxy` if a variable contains an invalid address.
    package init?(environment: [String: String], for address: HTTPAddress) throws {
        func value(_ name: String) -> String? {
            environment.variable(name.lowercased()) ?? environment.variable(name)
        }
        let exempt = (value("NO_PROXY") ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        let target = address.host.lowercased()
        guard !["localhost", "127.0.0.1", "::1"].contains(target),
            !exempt.contains(where: { name in
                let bare = name.lowercased().drop { $0 == "." }
                return name == "*" || target == bare || !bare.isEmpty && target.hasSuffix(".\(bare)")
            }),
            let text = value(address.isSecure ? "HTTPS_PROXY" : "HTTP_PROXY") ?? value("ALL_PROXY")
        else { return nil }
        guard let proxy = HTTPAddress(text.contains("://") ? text : "http://\(text)") else {
            throw TransferError.badProxy
        }
        (host, port) = (proxy.host, proxy.port)
    }
}
