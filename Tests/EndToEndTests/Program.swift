import Foundation
import SystemPackage
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The built program, run as a user would: other process, other folder, files for its output.
struct Program {
    /// Where the program runs; relative paths start here.
    let folder: ScratchFolder
    /// Text in front of the command in a shell, such as `ulimit -f 10;`. Empty starts the program itself.
    var shellPrefix = ""
    var environment: [String: String] = [:]

    /// How a run ended, and what it printed.
    struct Result {
        /// The exit code, or the signal's number plus 1000.
        let status: Int32
        let output: String
        let errors: String
        let seconds: Double

        var lines: [String] { output.split(separator: "\n").map(String.init) }

        /// The output as JSON.
        func json<Value>(_: Value.Type = [String: Any].self) throws -> Value {
            let value = try JSONSerialization.jsonObject(with: Data(output.utf8), options: .fragmentsAllowed)
            return try #require(value as? Value, "\(output.prefix(300))")
        }
    }

    /// The executable beside the test bundle, which the package builds together with it.
    static let path: String = {
        let bundles = Bundle.allBundles.map(\.bundlePath).filter { $0.hasSuffix(".xctest") }
        let root = Goldens.packageRoot.appending(".build").string
        let neighbours = ([CommandLine.arguments[0]] + bundles).map { FilePath($0).removingLastComponent().string }
        let candidates = (neighbours + ["\(root)/release", "\(root)/debug"]).map { $0 + "/edgepipe" }
        return candidates.first { access($0, X_OK) == 0 } ?? candidates[0]
    }()

    /// Runs the program to its end.
    /// - Parameter limit: after this many seconds it is killed, which shows as status 1009.
    @discardableResult
    func callAsFunction(_ arguments: String..., limit: Double = 60) throws -> Result {
        try run(arguments, limit: limit)
    }

    func run(_ arguments: [String], limit: Double = 60) throws -> Result {
        try start(arguments).wait(limit: limit)
    }

    func start(_ arguments: [String]) throws -> Running { try Running(self, arguments) }
}

/// A program at work.
final class Running {
    private let process = Process()
    private let ended = DispatchSemaphore(value: 0)
    private let outputFile: FilePath
    private let errorFile: FilePath
    private let started = ContinuousClock.now

    fileprivate init(_ program: Program, _ arguments: [String]) throws {
        let name = UUID().uuidString
        outputFile = try program.folder.write("", to: ".streams/\(name).out")
        errorFile = try program.folder.write("", to: ".streams/\(name).err")
        if program.shellPrefix.isEmpty {
            process.executableURL = URL(fileURLWithPath: Program.path)
            process.arguments = arguments
        } else {
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = ["-c", "\(program.shellPrefix) exec \"$0\" \"$@\"", Program.path] + arguments
        }
        process.currentDirectoryURL = URL(fileURLWithPath: program.folder.path.string)
        var environment = ProcessInfo.processInfo.environment
        environment["EDGEPIPE_REGISTRY"] = nil
        process.environment = environment.merging(program.environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: outputFile.string))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errorFile.string))
        process.terminationHandler = { [ended] _ in ended.signal() }
        try process.run()
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Waits until the program has printed `text`, to either stream.
    func waitFor(_ text: String, limit: Double = 30) throws {
        let deadline = ContinuousClock.now + .seconds(limit)
        while ContinuousClock.now < deadline {
            if try Self.text(outputFile).contains(text) || Self.text(errorFile).contains(text) { return }
            usleep(2_000)
        }
        signal(SIGKILL)
        Issue.record("'\(text)' did not appear")
    }

    /// What stands behind a text on its line, once the program has printed it to its errors.
    func text(behind text: String) throws -> String {
        try waitFor(text)
        let lines = try Self.text(errorFile).split(separator: "\n")
        return try #require(lines.first { $0.contains(text) }?.components(separatedBy: text).last)
    }

    func wait(limit: Double = 60) throws -> Program.Result {
        if ended.wait(timeout: .now() + limit) == .timedOut {
            signal(SIGKILL)
            ended.wait()
        }
        let duration = (ContinuousClock.now - started) / .seconds(1)
        let isExit = process.terminationReason == .exit
        return Program.Result(
            status: process.terminationStatus + (isExit ? 0 : 1000),
            output: try Self.text(outputFile),
            errors: try Self.text(errorFile),
            seconds: duration
        )
    }

    private static func text(_ file: FilePath) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: file.string)), as: UTF8.self)
    }
}
