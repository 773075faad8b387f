import BinaryIO
import Foundation
import SystemPackage

/// How to reach the Hub, and where to keep what comes from it.
public struct HubSettings: Sendable {
    public var cache: HubCache
    /// The address of the Hub or of a mirror, without a slash at its end.
    public var endpoint: String
    /// Uses the cache alone.
    public var isOffline: Bool
    package var token: HubToken?
    package var proxy: HubProxy?
    package var retries = RetryPolicy()
    package var connectTimeout = Duration.seconds(10)
    /// How long a connection may be silent.
    package var idleTimeout = Duration.seconds(30)
    /// How many files come at a time.
    var transfers = 4
    /// Bytes that are free on a path's disk; nil where unknown.
    package var freeBytes: @Sendable (FilePath) -> Int? = { freeDiskBytes(at: $0) }

    public init(cache: HubCache, endpoint: String, isOffline: Bool = false) {
        self.cache = cache
        self.endpoint = endpoint
        self.isOffline = isOffline
    }

    /// What the environment says, in huggingface_hub's variables. An empty variable says nothing.
    /// - Throws: `ModelHubError` for an address or a token that cannot be one.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let text = value("HF_ENDPOINT") ?? "https://huggingface.co"
        guard let address = URL(string: text), ["https", "http"].contains(address.scheme), address.host != nil,
            address.query == nil, address.fragment == nil
        else { throw ModelHubError.badEndpoint(text) }
        self.init(
            cache: HubCache(environment: environment),
            endpoint: text.hasSuffix("/") ? String(text.dropLast()) : text,
            isOffline: value("HF_HUB_OFFLINE").map { ["1", "ON", "YES", "TRUE"].contains($0.uppercased()) } ?? false
        )
        token = try HubToken(environment: environment)
        proxy = HubProxy(environment: environment, for: address)
    }
}

/// A user's token of the Hub. It goes into one header and nowhere else: printing the value shows nothing of it.
package struct HubToken: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    private let text: String

    package var header: String { "Bearer \(text)" }
    package var description: String { "a token" }
    package var debugDescription: String { description }

    /// - Throws: `ModelHubError.badTokenText` for characters that would break the header.
    package init?(_ text: String) throws {
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty else { return nil }
        guard trimmed.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { throw ModelHubError.badTokenText }
        self.text = trimmed
    }

    /// From `HF_TOKEN`, or from the file in which `hf auth login` leaves it.
    package init?(environment: [String: String]) throws {
        if let text = environment["HF_TOKEN"], let token = try HubToken(text) {
            self = token
            return
        }
        let named = environment["HF_TOKEN_PATH"].flatMap { $0.isEmpty ? nil : FilePath($0) }
        let path = named ?? HubCache.home(environment).appending("token")
        guard FileStatus(path)?.isFolder == false else { return nil }
        try self.init(String(decoding: try readFile(path, limit: 4096), as: UTF8.self))
    }
}

/// The proxy between this machine and the Hub.
package struct HubProxy: Equatable, Sendable {
    package let host: String
    package let port: Int

    /// The proxy that the usual variables name, unless they exempt the address; this machine itself is always exempt.
    package init?(environment: [String: String], for address: URL) {
        func value(_ name: String) -> String? {
            (environment[name.lowercased()] ?? environment[name]).flatMap { $0.isEmpty ? nil : $0 }
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
