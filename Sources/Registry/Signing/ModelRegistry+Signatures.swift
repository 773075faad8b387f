import BinaryIO
import Foundation
import GRDB

extension ModelRegistry {
    /// Signs the bytes of a build and keeps the signature; the same key again gives the signature that is there.
    /// - Returns: the signature as a file for `model_signing verify`.
    public func sign(_ name: BuildName, with key: SigningKey) throws -> String {
        let build = try build(named: name)
        let known = try signature(of: build.digest, by: key.publicKey)
        if let known { return known }
        let file = "\(name.model)-\(name.version)-\(name.type).gguf"
        let bundle = try SignatureBundle(signing: build.digest, named: file, with: key)
        let text = try CanonicalJSON.encode(bundle)
        try sealing([.build(build.digest)]) { database in
            try database.execute(
                sql: """
                    INSERT INTO signature (buildDigest, keyDigest, bundle, createdAt) VALUES (?, ?, ?, ?)
                    ON CONFLICT DO NOTHING
                    """,
                arguments: [build.digest.description, key.publicKey.digest.description, text, Timestamp.now]
            )
            let about = try Seals.facts(of: build.digest, database)
            let detail = try CanonicalJSON.encode(
                about.merging(["key": key.publicKey.digest.description]) { _, own in own }
            )
            try AuditLog.append("sign", subject: name.description, detail: detail, to: database)
        }
        return text
    }

    /// - Throws: `RegistryError.unsigned` unless a signature by this key says that these bytes are the build.
    public func checkSignature(of build: BuildRecord, by key: SigningKey.Public) throws {
        guard let text = try signature(of: build.digest, by: key) else {
            throw RegistryError.unsigned("\(build.name)", detail: "there is no signature by this key")
        }
        guard let bundle = try? JSONDecoder().decode(SignatureBundle.self, from: Data(text.utf8)),
            bundle.holds(for: build.digest, by: key)
        else {
            throw RegistryError.unsigned("\(build.name)", detail: "the signature in the registry does not hold")
        }
    }

    private func signature(of digest: SHA256Digest, by key: SigningKey.Public) throws -> String? {
        try look { database -> String? in
            // A registry from before there were signatures has none.
            guard try database.tableExists("signature") else { return nil }
            return try String.fetchOne(
                database,
                sql: "SELECT bundle FROM signature WHERE buildDigest = ? AND keyDigest = ?",
                arguments: [digest.description, key.digest.description]
            )
        }
    }
}
