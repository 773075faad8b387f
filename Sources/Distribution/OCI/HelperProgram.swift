import BinaryIO
import Foundation
import Synchronization
import SystemPackage
import Transfer

/// A program on the search path that stores secrets and prints the one for a host.
struct HelperProgram {
    private let name: String
    private let environment: [String: String]

    init(_ name: String, _ environment: [String: String]) { (self.name, self.environment) = (name, environment) }

    /// - Parameters:
    ///   - longest: the most bytes that it may print.
    ///   - timeout: the most seconds that it may take.
    /// - Returns: its output; nil if it has no secret for the host.
    /// - Throws: `DistributionError.badCredentials`. The output of a helper is never part of a message.
    func run(input host: String, _ longest: Int, _ timeout: Double) throws -> [UInt8]? {
        guard let path = find() else {
            throw DistributionError.badCredentials(
                host,
                "the helper \(name) is not on the path. Install it, or log in again"
            )
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path.string)
        process.arguments = ["get"]
        process.environment = environment
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch {
            throw DistributionError.badCredentials(host, "the helper \(path) cannot be run")
        }
        let hasEnded = Mutex(false)
        let killer = DispatchWorkItem { if !hasEnded.withLock({ $0 }) { process.terminate() } }
        DispatchQueue.global().asyncAfter(deadline: .now() + timeout, execute: killer)
        try? input.fileHandleForWriting.write(contentsOf: Data(host.utf8))
        try? input.fileHandleForWriting.close()
        var bytes: [UInt8] = []
        while bytes.count <= longest, let data = try? output.fileHandleForReading.read(upToCount: longest),
            !data.isEmpty
        {
            bytes += data
        }
        if bytes.count > longest { process.terminate() }
        process.waitUntilExit()
        hasEnded.withLock { $0 = true }
        killer.cancel()
        guard bytes.count <= longest else {
            throw DistributionError.badCredentials(host, "the helper \(name) prints no end")
        }
        guard process.terminationReason == .exit else {
            throw DistributionError.badCredentials(
                host,
                "the helper \(name) did not answer within \(Int(timeout)) seconds"
            )
        }
        // A helper without a secret for the host prints a message and fails.
        return process.terminationStatus == 0 ? bytes : nil
    }

    private func find() -> FilePath? {
        (environment.variable("PATH") ?? "").split(separator: ":").lazy
            .map { FilePath(String($0)).appending(name) }
            .first { $0.isAbsolute && FileManager.default.isExecutableFile(atPath: $0.string) }
    }
}
