import BinaryIO
import Foundation
import SystemPackage
import Transfer

/// How to reach the Hub, and where to keep what comes from it.
public struct HubSettings: Sendable {
    /// Where downloads go, and are looked for first.
    public var cache: HubCache
    /// The address of the Hub or of a mirror, without a slash at its end.
    public var endpoint: String
    /// Uses the cache alone.
    public var isOffline: Bool
    package var token: HubToken?
    package var transport = TransportSettings()
    /// How many files come at a time.
    var transfers = 4
    /// Bytes that are free on a path's disk; nil where unknown.
    package var freeBytes: @Sendable (FilePath) -> Int? = { freeDiskBytes(at: $0) }

    /// Settings that ask the environment nothing, and have no token.
    public init(cache: HubCache, endpoint: String, isOffline: Bool = false) {
        self.cache = cache
        self.endpoint = endpoint
        self.isOffline = isOffline
    }

    /// What the environment says, in huggingface_hub's variables. An empty variable says nothing.
    /// - Throws: `ModelHubError` for an address or a token that cannot be one.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        let text = environment.variable("HF_ENDPOINT") ?? "https://huggingface.co"
        guard let address = HTTPAddress(text), address.url.query == nil, address.url.fragment == nil else {
            throw ModelHubError.badEndpoint(text)
        }
        self.init(
            cache: HubCache(environment: environment),
            endpoint: text.hasSuffix("/") ? String(text.dropLast()) : text,
            isOffline: ["1", "ON", "YES", "TRUE"].contains(environment.variable("HF_HUB_OFFLINE")?.uppercased())
        )
        token = try HubToken(environment: environment)
        do { transport.proxy = try HTTPProxy(environment: environment, for: address) } catch TransferError.badProxy {
            throw ModelHubError.badProxy
        }
    }
}
