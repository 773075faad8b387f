import BinaryIO
import Registry
import SystemPackage
import Work

/// A file that was pulled.
public struct PulledFile: Codable, Sendable {
    /// `model@version:type`
    public var build: String
    /// The path of the file.
    public var output: String
    /// SHA-256 of the file.
    public var sha256: SHA256Digest
    /// Size of the file, in bytes.
    public var bytes: Int
    /// Bytes that were downloaded; nil if the file came from a disk.
    public var bytesFetched: Int?
}

/// The result of a pull.
public struct PullReport: Codable, Sendable {
    /// `model@version:type`
    public var build: String
    /// The path of the file.
    public var output: String
    /// SHA-256 of the file.
    public var sha256: SHA256Digest
    /// Size of the file, in bytes.
    public var bytes: Int
    /// The model's projector; nil if it has none, or if it was left out.
    public var projector: PulledFile?
    /// Bytes that were downloaded; nil if the file came from a disk.
    public var bytesFetched: Int?
    /// How an older file was used: `delta`, `parts`, or not at all (`whole`); nil if none was given.
    public var update: String?
}

/// Pulls single builds from a registry, each with its projector.
public struct BuildPull {
    /// Whether to pull a model without its projector.
    public var leavesProjector = false

    private let registry: ModelRegistry

    /// Pulls from this registry.
    public init(from registry: ModelRegistry) { self.registry = registry }

    /// The path of a model's projector, as llama.cpp names such files: `mmproj-` before the model's own name.
    public static func projectorPath(beside output: FilePath) -> FilePath {
        let name = "mmproj-" + (output.lastComponent?.string ?? "model.gguf")
        return output.removingLastComponent().appending(name)
    }

    /// Writes a build to a file, decompressed and verified before the file gets its name; its projector is written
    /// first.
    /// - Parameters:
    ///   - name: `model[@version][:type]`.
    ///   - key: a file with the public key that must have signed the build; nil requires no signature.
    /// - Throws: `RegistryError`, `FileError`, `OutputError`; `DistributionError.halfPair` if the projector is not in
    ///   the registry; errors of `progress`.
    public func write(
        _ name: String,
        to output: FilePath,
        signedBy key: FilePath? = nil,
        progress: @escaping WorkProgress
    ) throws -> PullReport {
        let inputs = [registry.path] + (key.map { [$0] } ?? [])
        try checkOutput(output, replacing: inputs)
        let key = try key.map { try SigningKey.Public(file: $0) }
        let record = try registry.resolve(try BuildReference(name))
        let projector = leavesProjector ? nil : try registry.projector(of: record)
        let path = Self.projectorPath(beside: output)
        if projector != nil { try checkOutput(path, replacing: inputs) }
        try checkSpace(for: record.fileBytes + (projector?.fileBytes ?? 0), at: output)
        let pulled = try projector.map { try write($0, to: path, signedBy: key, progress) }
        let file = try write(record, to: output, signedBy: key, progress)
        return PullReport(
            build: file.build,
            output: file.output,
            sha256: file.sha256,
            bytes: file.bytes,
            projector: pulled
        )
    }

    private func write(
        _ record: BuildRecord,
        to output: FilePath,
        signedBy key: SigningKey.Public?,
        _ progress: @escaping WorkProgress
    ) throws -> PulledFile {
        try registry.pull(record.name, to: output, signedBy: key) { transfer in
            try progress("pulling \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
        }
        return PulledFile(
            build: "\(record.name)",
            output: output.string,
            sha256: record.digest,
            bytes: record.fileBytes
        )
    }
}
