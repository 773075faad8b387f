import BinaryIO
import Foundation
import SystemPackage

/// The reason why a server does not start.
public struct ServerStartError: Error, CustomStringConvertible, Sendable {
    /// A message that ends with what to do.
    public var description: String { words() }

    // The program that shows the error decides how settings are spelled.
    private let words: @Sendable () -> String

    init(_ words: @escaping @autoclosure @Sendable () -> String) { self.words = words }
}

/// The settings of a server.
public struct ServerSettings: Sendable {
    /// How connections are encrypted.
    public enum Transport: Sendable, Equatable {
        /// Not encrypted; allowed on this machine only.
        case plain
        /// TLS with a certificate and its key, in PEM form.
        case tls(certificate: FilePath, key: FilePath)
        /// A proxy in front of the server encrypts connections and limits each client.
        case behindProxy
    }

    /// The registry's file.
    public let registry: FilePath
    /// The address to listen on.
    public private(set) var host = "127.0.0.1"
    /// The port to listen on; 0 takes any free port.
    public private(set) var port = 8080
    /// How connections are encrypted.
    public var transport = Transport.plain
    /// The owner of the models in addresses of the Hub's form.
    public var owner = "edgepipe"
    /// Whether builds may be uploaded.
    public var isWritable = false
    /// A cache of steps' results to serve beside the registry; nil for none.
    public var cache: FilePath?
    /// The token file; nil for none.
    public var tokens: FilePath?
    /// Limits on what clients may request.
    public var limits = ServerLimits()
    /// The number of threads that query the registry; as many more read files.
    public var threads = max(2, min(8, ProcessInfo.processInfo.activeProcessorCount))

    /// Serves a registry on 127.0.0.1:8080, read-only.
    public init(registry: FilePath) { self.registry = registry }

    /// Parses an address such as `127.0.0.1:8080`, `[::1]:8080` or `localhost:0`.
    /// - Throws: `ServerStartError`.
    public mutating func listen(on text: String) throws {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw ServerStartError(
                "'\(text.visible)' is not an address to listen on. Write HOST:PORT, such as 127.0.0.1:8080."
            )
        }
        var host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        guard !host.isEmpty else {
            throw ServerStartError("'\(text.visible)' names no host. Write HOST:PORT, such as 127.0.0.1:8080.")
        }
        (self.host, self.port) = (host, Int(port))
    }

    /// Whether only this machine can reach the server.
    var isLocal: Bool {
        let octets = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return host == "localhost" || host == "::1" || (octets.count == 4 && octets[0] == 127 && !octets.contains(nil))
    }

    /// - Throws: `ServerStartError` for settings that would let others eavesdrop, or let nobody in.
    package func validated() throws {
        guard isLocal || transport != .plain else {
            let host = host
            throw ServerStartError(
                "\(host) is reached from other machines, and plain HTTP can be read on the way. Give \(setting: "tls-cert") and "
                    + "\(setting: "tls-key"), or \(setting: "behind-proxy") where a proxy encrypts; 127.0.0.1 needs neither."
            )
        }
        guard !isWritable || tokens != nil else {
            throw ServerStartError(
                "\(setting: "writable") needs \(setting: "tokens"): whoever sends builds has to show a token. Make one with `edgepipe serve "
                    + "token new`."
            )
        }
        guard NameGrammar.accepts(owner) else {
            let owner = owner
            throw ServerStartError("'\(owner.visible)' cannot be an owner. Use \(NameGrammar.rule).")
        }
    }
}
