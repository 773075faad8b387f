import BinaryIO
import Registry
import SystemPackage
import Work

/// What was pulled.
public struct PullReport: Codable, Sendable {
    /// `model@version:type`
    public var build: String
    /// The path of the file.
    public var output: String
    /// Of the file.
    public var sha256: SHA256Digest
    /// Size of the file.
    public var bytes: Int
}

/// Takes single builds out of a registry.
public struct BuildPull {
    private let registry: ModelRegistry

    /// Takes them out of this registry.
    public init(from registry: ModelRegistry) { self.registry = registry }

    /// Writes a build to a file, decompressed and verified before the file gets its name.
    /// - Parameters:
    ///   - name: `model[@version][:type]`.
    ///   - key: a file with the public key by which it must be signed; nil asks for none.
    /// - Throws: `RegistryError`, `FileError`, `OutputError`, and whatever `progress` throws.
    public func write(
        _ name: String,
        to output: FilePath,
        signedBy key: FilePath? = nil,
        progress: @escaping WorkProgress
    ) throws -> PullReport {
        try checkOutput(output, replacing: [registry.path] + (key.map { [$0] } ?? []))
        let key = try key.map { try SigningKey.Public(file: $0) }
        let record = try registry.resolve(try BuildReference(name))
        try checkSpace(for: record.fileBytes, at: output)
        try registry.pull(record.name, to: output, signedBy: key) { transfer in
            try progress("pulling \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
        }
        return PullReport(
            build: "\(record.name)",
            output: output.string,
            sha256: record.digest,
            bytes: record.fileBytes
        )
    }
}
