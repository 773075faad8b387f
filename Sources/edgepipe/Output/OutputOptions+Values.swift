import Answers
import Foundation
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
    var file: FilePath {
        FilePath(path ?? ProcessInfo.processInfo.environment["EDGEPIPE_REGISTRY"] ?? "registry.db")
    }

    /// Opens the registry to ask it.
    func reading<Value>(_ body: (RegistrySession) throws -> Value) throws -> Value {
        try RegistrySession.with(file, .reading, body)
    }

    /// Opens the registry to change it.
    func changing<Value>(_ body: (RegistrySession) throws -> Value) throws -> Value {
        try RegistrySession.with(file, .changing, body)
    }
}
