import Answers
import Distribution
import Registry
import SystemPackage

/// A registry that is opened anew for each question and each change, as commands do.
public struct TestRegistry {
    public let path: FilePath

    public init(_ path: FilePath) { self.path = path }

    /// An empty one.
    public init(new path: FilePath) throws {
        self.path = path
        try RegistryCare.initialize(path)
    }

    public func builds() throws -> [BuildRecord] { try RegistrySession.with(path) { try $0.builds() } }

    public func details(of name: String) throws -> BuildDetails {
        try RegistrySession.with(path) { try $0.details(of: name) }
    }

    public func answer(_ query: BuildQuery) throws -> QueryAnswer {
        try RegistrySession.with(path) { try query.answer(from: $0) }
    }

    public func verify(readData: Bool) throws -> VerificationReport {
        try RegistryCare.verify(path, readData: readData) { _, _, _ in }
    }

    @discardableResult
    public func pull(_ name: String, to file: FilePath) throws -> PullReport {
        try RegistrySession.with(path) { try BuildPull(from: $0.registry).write(name, to: file) { _, _, _ in } }
    }

    @discardableResult
    public func export(_ names: [String], to output: FilePath) throws -> TransferReport {
        try RegistrySession.with(path) { try LayoutExport(from: $0.registry).write(names, to: output) { _, _, _ in } }
    }

    @discardableResult
    public func importLayout(_ layout: FilePath) throws -> TransferReport {
        let layout = try LayoutImport(verifying: layout) { _, _, _ in }
        return try RegistrySession.with(path, .changing) { try layout.publish(into: $0.registry) { _, _, _ in } }
    }

    @discardableResult
    public func importFile(_ file: FilePath, as name: String) throws -> PublishedBuild {
        let model = try FileImport(file, as: name)
        return try RegistrySession.with(path, .changing) { try model.publish(into: $0.registry) { _, _, _ in } }
    }
}
