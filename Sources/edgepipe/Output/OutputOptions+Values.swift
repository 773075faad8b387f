import Answers
import ArgumentParser
import Foundation
import Steps
import SystemPackage

extension WorkOptions {
    var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }
}

extension OutputOptions {
    /// Makes a progress line for one piece of work.
    func progressLine() -> ProgressLine { ProgressLine(isQuiet: quiet) }

    /// Prints a remark for the user that is not an error.
    func remark(_ text: String) {
        if !quiet { Console.message(text) }
    }
}

extension RegistryOptions {
    /// The option, otherwise the environment variable, otherwise the usual name in this folder.
    private var text: String { path ?? ProcessInfo.processInfo.environment["EDGEPIPE_REGISTRY"] ?? "registry.db" }

    /// The path of a registry on a disk.
    var file: FilePath {
        get throws {
            guard case .file(let path) = try place() else {
                throw ValidationError("\(text) lies elsewhere, and this command works on a registry on a disk.")
            }
            return path
        }
    }

    /// Returns the place of the registry.
    func place() throws -> RegistryPlace { try RegistryPlace(text, isInsecure: insecure) }

    /// Opens the registry for reading.
    func reading<Value>(_ body: (RegistrySession) throws -> Value) throws -> Value {
        try place().reading(progress: { _, _, _ in }, body)
    }

    /// Opens the registry for changes.
    func changing<Value>(_ body: (RegistrySession) throws -> Value) throws -> Value { try place().changing(body) }
}
