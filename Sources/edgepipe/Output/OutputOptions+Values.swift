import Answers
import ArgumentParser
import Foundation
import Steps
import SystemPackage

extension WorkOptions {
    var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }
}

extension OutputOptions {
    /// A progress line for one piece of work.
    func progressLine() -> ProgressLine { ProgressLine(isQuiet: quiet) }

    /// Tells what somebody should know although all goes well.
    func remark(_ text: String) {
        if !quiet { Console.message(text) }
    }
}

extension RegistryOptions {
    /// The option, else the environment, else the usual name in this folder.
    private var text: String { path ?? ProcessInfo.processInfo.environment["EDGEPIPE_REGISTRY"] ?? "registry.db" }

    /// A registry on a disk.
    var file: FilePath {
        get throws {
            guard case .file(let path) = try place() else {
                throw ValidationError("\(text) lies elsewhere, and this command works on a registry on a disk.")
            }
            return path
        }
    }

    /// Where the registry is.
    func place() throws -> RegistryPlace { try RegistryPlace(text, isInsecure: insecure) }

    /// Opens the registry to ask it.
    func reading<Value>(_ body: (RegistrySession) throws -> Value) throws -> Value {
        try place().reading(progress: { _, _, _ in }, body)
    }

    /// Opens the registry to change it.
    func changing<Value>(_ body: (RegistrySession) throws -> Value) throws -> Value { try place().changing(body) }
}
