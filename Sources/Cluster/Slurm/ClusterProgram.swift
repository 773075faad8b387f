import BinaryIO
import Foundation
import Synchronization
import SystemPackage

/// Runs a program of the cluster to its end, with bounded time and output.
struct ClusterProgram {
    let name: String
    /// The program's whole environment; it inherits nothing from this process.
    let environment: [String: String]

    /// The time limit in seconds; Slurm's own programs give up after some twenty if the controller is unreachable.
    private static let timeout: TimeInterval = 90
    private static let longest = 256 << 20

    /// - Returns: the program's output.
    /// - Throws: `ClusterError`.
    func run(_ arguments: [String]) throws -> [UInt8] {
        guard let path = find() else { throw ClusterError.noProgram(name) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path.string)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let (output, errors) = (Pipe(), Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        do { try process.run() } catch {
            throw ClusterError.programFailed(name, words: "it cannot be started")
        }
        let killer = DispatchWorkItem { process.terminate() }
        DispatchQueue.global().asyncAfter(deadline: .now() + Self.timeout, execute: killer)
        // Both are read at once, because a program blocks if one of them is not read.
        let words = Mutex<[UInt8]>([])
        let done = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            let bytes = Self.read(errors, most: 1 << 16)
            words.withLock { $0 = bytes }
            done.signal()
        }
        let bytes = Self.read(output, most: Self.longest)
        process.waitUntilExit()
        killer.cancel()
        done.wait()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            let isLate = process.terminationReason == .uncaughtSignal
            throw ClusterError.programFailed(
                name,
                words: isLate ? "no answer within \(Int(Self.timeout)) seconds" : Self.words(words.withLock { $0 })
            )
        }
        return bytes
    }

    /// Returns a program's words about its failure, as one line that is safe for a terminal.
    private static func words(_ bytes: [UInt8]) -> String {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            .map { $0.visible.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }
        return lines.isEmpty ? "it gave no reason" : String(lines.joined(separator: "; ").prefix(500))
    }

    private static func read(_ pipe: Pipe, most: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while let data = try? pipe.fileHandleForReading.read(upToCount: 1 << 16), !data.isEmpty {
            if bytes.count < most { bytes += data }
        }
        return bytes
    }

    private func find() -> FilePath? {
        (environment["PATH"] ?? "").split(separator: ":").lazy
            .map { FilePath(String($0)).appending(name) }
            .first { $0.isAbsolute && FileManager.default.isExecutableFile(atPath: $0.string) }
    }
}
