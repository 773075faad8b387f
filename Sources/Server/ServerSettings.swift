import BinaryIO
import Foundation
import SystemPackage

/// Why a server does not start, in words that end with what to do.
public struct ServerStartError: Error, CustomStringConvertible, Sendable {
    /// In words that end with what to do.
    public var description: String { words() }

    // Settings are spelled by whoever shows the error.
    private let words: @Sendable () -> String

    init(_ words: @escaping @autoclosure @Sendable () -> String) { self.words = words }
}

/// How a registry is served.
public struct ServerSettings: Sendable {
    /// How connections are kept from others' eyes.
    public enum Transport: Sendable, Equatable {
        /// They are not: on this machine alone.
        case plain
        /// With a certificate and its key, in PEM form.
        case tls(certificate: FilePath, key: FilePath)
        /// A proxy before the server sees to it, and to limits for each client.
        case behindProxy
    }

    /// The registry's file.
    public let registry: FilePath
    /// The address to listen on.
    public private(set) var host = "127.0.0.1"
    /// The port to listen on; 0 takes any that is free.
    public private(set) var port = 8080
    /// How connections are kept from others' eyes.
    public var transport = Transport.plain
    /// Who the models belong to in addresses of the Hub's form.
    public var owner = "edgepipe"
    /// Whether builds are taken in.
    public var isWritable = false
    /// A cache of steps' results that is served beside the registry; nil for none.
    public var cache: FilePath?
    /// A file of tokens; nil for none.
    public var tokens: FilePath?
    /// Bounds of what clients may ask for.
    public var limits = ServerLimits()
    /// Threads that ask the registry, and as many that read files.
    public var threads = max(2, min(8, ProcessInfo.processInfo.activeProcessorCount))

    /// Serves a registry on 127.0.0.1:8080, to be read.
    public init(registry: FilePath) { self.registry = registry }

    /// Takes an address such as `127.0.0.1:8080`, `[::1]:8080` or `localhost:0`.
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

    /// Whether only this machine reaches the server.
    var isLocal: Bool {
        let octets = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        return host == "localhost" || host == "::1" || (octets.count == 4 && octets[0] == 127 && !octets.contains(nil))
    }

    /// - Throws: `ServerStartError` for settings that would let others read along, or let nobody in.
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
