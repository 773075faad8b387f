import Answers
import BinaryIO
import Dispatch
import Foundation
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import Registry
import ServiceLifecycle
import Synchronization
import SystemPackage
import UnixSignals

/// Serves a registry over HTTP: to programs (JSON), to clients of OCI registries and of the Hub, and to people.
///
/// The server is asynchronous at its edge; it calls the synchronous modules below on its own threads.
public struct RegistryServer: Sendable {
    private let settings: ServerSettings
    private let services: Services

    /// Creates a server; reads only the token file.
    /// - Parameter report: called with lines for the operator; they never contain a token or a request's fields.
    /// - Throws: `ServerStartError`, `FileError`.
    public init(_ settings: ServerSettings, report: @escaping @Sendable (String) -> Void) throws {
        try settings.validated()
        self.settings = settings
        services = try Services(settings, report: report)
    }

    /// Answers requests until a SIGTERM or SIGINT; requests in progress then have `shutdownSeconds` to finish.
    /// - Parameter listening: called with the address once the server answers.
    /// - Throws: `RegistryError` if there is no registry, `ServerStartError` if the address is not available.
    public func run(listening: @escaping @Sendable (String) -> Void) throws {
        // This thread blocks, and may be the one that main-actor tasks run on.
        let outcome = Mutex<Result<Void, any Error>?>(nil)
        let done = DispatchSemaphore(value: 0)
        Task.detached {
            let result: Result<Void, any Error>
            do { result = .success(try await serve(signals: [.sigterm, .sigint], listening)) } catch {
                result = .failure(error)
            }
            outcome.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        try outcome.withLock { $0 }?.get()
    }

    /// Answers requests until the task is cancelled.
    package func runUntilCancelled(listening: @escaping @Sendable (String) -> Void) async throws {
        try await serve(signals: [], listening)
    }

    private func serve(signals: [UnixSignal], _ listening: @escaping @Sendable (String) -> Void) async throws {
        // Reports a missing registry at once, before the server listens.
        _ = try await services.asking { try $0.registry.modelNames() }
        let notice = StopNotice()
        var group = ServiceGroupConfiguration(
            services: [try application(listening), notice],
            gracefulShutdownSignals: signals,
            logger: Self.silence
        )
        group.maximumGracefulShutdownDuration = .seconds(settings.limits.shutdownSeconds)
        let failure: (any Error)?
        do {
            let running = ServiceGroup(configuration: group)
            try await withTaskExecutorPreference(EdgeThreads.shared) { try await running.run() }
            failure = nil
        } catch {
            failure = error
        }
        await services.shutDown()
        // Requests that were cut off at the end of the shutdown time are not an error of the server.
        if let failure, !notice.isStopped { throw Self.started(failure, settings) }
    }

    /// The HTTP application, without the handling of signals.
    package func application(_ listening: @escaping @Sendable (String) -> Void) throws -> some ApplicationProtocol {
        let scheme = if case .tls = settings.transport { "https" } else { "http" }
        let host = settings.host
        var limits = settings.limits
        if settings.transport == .behindProxy { limits.connectionsPerAddress = nil }
        return Application(
            responder: EdgeResponder(table: Routes.table, services: services, settings: settings),
            server: try secured(GuardedChannel.builder(limits)),
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: settings.port),
                serverName: nil,
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections + 64)
            ),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                let shown = host.contains(":") ? "[\(host)]" : host
                listening("\(scheme)://\(shown):\(port)")
            },
            logger: Self.silence
        )
    }

    /// Discards the library's log, which is meant for its developers.
    private static let silence = Logger(label: "edgepipe.server") { _ in SwiftLogNoOpLogHandler() }

    private func secured(_ base: HTTPServerBuilder) throws -> HTTPServerBuilder {
        guard case .tls(let certificate, let key) = settings.transport else { return base }
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(certificate.string).map {
                NIOSSLCertificateSource.certificate($0)
            }
            let secret = try NIOSSLPrivateKey(file: key.string, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain,
                privateKey: .privateKey(secret)
            )
            configuration.minimumTLSVersion = .tlsv12
            return try .tls(base, tlsConfiguration: configuration)
        } catch {
            throw ServerStartError(
                "\(certificate), \(key): no TLS with these: \(error). Give a certificate and its own key, both in PEM form."
            )
        }
    }

    private static func started(_ error: any Error, _ settings: ServerSettings) -> any Error {
        guard let error = error as? IOError else { return error }
        let reason = Errno(rawValue: error.errnoCode).description
        let address = "\(settings.host):\(settings.port)"
        return ServerStartError(
            "\(address) cannot be listened on: \(reason). Choose another with \(setting: "listen")."
        )
    }
}

/// Records whether the server was asked to stop.
private final class StopNotice: Service {
    private let stopped = Atomic(false)

    var isStopped: Bool { stopped.load(ordering: .acquiring) }

    func run() async throws {
        try await gracefulShutdown()
        stopped.store(true, ordering: .releasing)
    }
}
