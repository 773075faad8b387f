import BinaryIO
import Registry
import SystemPackage

/// A new signature.
public struct SigningReport: Codable, Sendable {
    /// The build, `model@version:type`.
    public var build: String
    /// The SHA-256 of the build's file.
    public var sha256: SHA256Digest
    /// The file with the signature.
    public var output: String?
}

extension RegistrySession {
    /// Signs a build in the registry.
    /// - Parameters:
    ///   - name: `model[@version][:type]`.
    ///   - key: a file with the private key, in PEM form.
    ///   - output: an additional file for the signature, for `model_signing verify`.
    /// - Throws: `RegistryError`; `FileError`; `OutputError` if the output is the key or the registry.
    public func sign(_ name: String, with key: FilePath, output: FilePath?) throws -> SigningReport {
        let signingKey = try SigningKey(file: key)
        if let output { try checkOutput(output, replacing: [path, key]) }
        let record = try registry.resolve(try BuildReference(name))
        let signature = try registry.sign(record.name, with: signingKey)
        if let output { try writeFile(Array(signature.utf8), to: output) }
        return SigningReport(build: "\(record.name)", sha256: record.digest, output: output?.string)
    }
}
