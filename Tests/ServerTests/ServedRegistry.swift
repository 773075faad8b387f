import BinaryIO
import Foundation
import Registry
import Server
import StepsTestSupport
import Synchronization
import SystemPackage
import TestSupport

/// A registry with the tiny model's builds, made once, and copied for whoever changes it.
enum TinyRegistry {
    private struct Made: Sendable {
        /// Kept, as the folder goes with it.
        let scratch: ScratchFolder
        let path: FilePath
    }

    private static let made = Result<Made, any Error> {
        let run = try TinyRun()
        try run.run()
        return Made(scratch: run.scratch, path: run.registry)
    }

    /// The threads that tasks run on are few, and servers of other tests need them: none of them waits for the pipeline.
    static func path() async throws -> FilePath {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result { try made.get().path }) }
        }
    }

    /// A registry of one's own.
    static func copy(to scratch: ScratchFolder) async throws -> FilePath {
        let original = try await path()
        let copy = scratch.appending("registry.db")
        for ending in ["", ".objects"] {
            try FileManager.default.copyItem(atPath: original.string + ending, toPath: copy.string + ending)
        }
        return copy
    }

    static func builds() async throws -> [BuildRecord] {
        let registry = try ModelRegistry(path: await path(), mode: .readOnly)
        defer { try? registry.close() }
        return try registry.builds()
    }

    /// The bytes of a build.
    static func bytes(of build: BuildRecord) async throws -> [UInt8] {
        let registry = try ModelRegistry(path: await path(), mode: .readOnly)
        defer { try? registry.close() }
        return try registry.bytes(of: build.name).read(0..<build.fileBytes)
    }
}

/// A server that runs as long as a test needs it.
final class ServedRegistry: Sendable {
    let port: Int
    private let reported: Reports

    private init(port: Int, _ reported: Reports) { (self.port, self.reported) = (port, reported) }

    /// What the operator was told so far.
    var reports: [String] { reported.lines.withLock { $0 } }

    private final class Reports: Sendable {
        let lines = Mutex<[String]>([])
    }

    private static func served(_ registry: FilePath?) async throws -> FilePath {
        if let registry { return registry }
        return try await TinyRegistry.path()
    }

    /// - Parameter registry: the shared one by default.
    static func run(
        _ registry: FilePath? = nil,
        _ change: (inout ServerSettings) -> Void = { _ in },
        _ body: (ServedRegistry) async throws -> Void
    ) async throws {
        var settings = ServerSettings(registry: try await served(registry))
        try settings.listen(on: "127.0.0.1:0")
        change(&settings)
        let reports = Reports()
        let server = try RegistryServer(settings) { line in reports.lines.withLock { $0.append(line) } }
        let (ports, tell) = AsyncStream<Int>.makeStream()
        let running = Task {
            defer { tell.finish() }
            try await server.runUntilCancelled { address in
                tell.yield(Int(address.split(separator: ":").last ?? "") ?? 0)
            }
        }
        defer { running.cancel() }
        for await port in ports {
            try await body(ServedRegistry(port: port, reports))
            running.cancel()
            _ = try? await running.value
            return
        }
        try await running.value
    }

    /// One request on a connection of its own.
    func ask(
        _ target: String,
        method: String = "GET",
        headers: [String: String] = [:],
        body: [UInt8] = []
    ) async throws -> RawAnswer {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if !body.isEmpty { head += "Content-Length: \(body.count)\r\n" }
        let answer = try await send(Array("\(head)\r\n".utf8) + body)
        guard let answer else { throw RawFailure(description: "the connection ended without an answer") }
        return answer
    }

    /// Sends bytes as they are, and reads until the server ends the connection.
    /// - Parameter pieces: sent with pauses between.
    /// - Returns: nil where nothing came.
    func send(_ bytes: [UInt8], then pieces: [[UInt8]] = [], seconds: Int = 300) async throws -> RawAnswer? {
        let port = port
        return try await onOwnThread { try RawConnection.exchange(port, [bytes] + pieces, seconds) }
    }
}
