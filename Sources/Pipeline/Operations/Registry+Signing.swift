import BinaryIO
import Registry
import SystemPackage

/// A signature that was made.
public struct SigningReport: Codable, Sendable {
    public var build: String
    public var sha256: SHA256Digest
    public var output: String?
}

extension Operations {
    /// Signs a build in the registry.
    /// - Parameters:
    ///   - key: a file with the private key, in PEM form.
    ///   - output: where to write the signature too, as a file for `model_signing verify`.
    public static func sign(
        _ name: String,
        with key: FilePath,
        output: FilePath?,
        in registry: FilePath
    ) throws -> SigningReport {
        let signingKey = try SigningKey(pem: keyText(key))
        if let output { try refuse(output, replacing: [registry, key]) }
        return try changing(registry) { registry in
            let record = try registry.resolve(try BuildReference(name))
            let signature = try registry.sign(record.name, with: signingKey)
            if let output { try writeFile(Array(signature.utf8), to: output) }
            return SigningReport(build: "\(record.name)", sha256: record.digest, output: output?.string)
        }
    }

    static func keyText(_ path: FilePath) throws -> String {
        String(decoding: try readFile(path, limit: 1 << 16), as: UTF8.self)
    }
}
