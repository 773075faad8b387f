import BinaryIO
import Foundation
import SystemPackage
import Transfer

/// How to reach the Hub, and where to cache its files.
public struct HubSettings: Sendable {
    /// The cache for downloads, which is searched first.
    public var cache: HubCache
    /// The address of the Hub or of a mirror, without a slash at the end.
    public var endpoint: String
    /// Whether to use only the cache.
    public var isOffline: Bool
    package var token: HubToken?
    package var transport = TransportSettings()
    /// The number of files to download at the same time.
    var transfers = 4
    /// Returns the free bytes on a path's disk; nil if unknown.
    package var freeBytes: @Sendable (FilePath) -> Int? = { freeDiskBytes(at: $0) }

    /// Creates settings without a token and without reading the environment.
    public init(cache: HubCache, endpoint: String, isOffline: Bool = false) {
        self.cache = cache
        self.endpoint = endpoint
        self.isOffline = isOffline
    }

    /// Reads huggingface_hub's environment variables. An empty variable is ignored.
    /// - Throws: `ModelHubError` for an invalid address or token.
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
