import BinaryIO
import Foundation
import GRDB

extension ModelRegistry {
    /// Signs the bytes of a build and stores the signature; signing with the same key again returns the stored one.
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

    /// - Throws: `RegistryError.unsigned` unless a signature by this key covers the build's bytes.
    public func checkSignature(of build: BuildRecord, by key: SigningKey.Public) throws {
        guard let text = try signature(of: build.digest, by: key) else {
            throw RegistryError.unsigned("\(build.name)", detail: "there is no signature by this key")
        }
        guard key.accepts(bundle: text, over: build.digest) else {
            throw RegistryError.unsigned("\(build.name)", detail: "the signature in the registry does not hold")
        }
    }

    /// Every signature over these bytes, with the digest of its key; each as a file for `model_signing verify`.
    public func signatureBundles(of digest: SHA256Digest) throws -> [(key: SHA256Digest, bundle: String)] {
        try look { database in
            guard try database.tableExists("signature") else { return [] }
            return try Row.fetchAll(
                database,
                sql: "SELECT keyDigest, bundle FROM signature WHERE buildDigest = ? ORDER BY keyDigest",
                arguments: [digest.description]
            ).map { (try Rows.digest($0.value("keyDigest")), try $0.value("bundle")) }
        }
    }

    private func signature(of digest: SHA256Digest, by key: SigningKey.Public) throws -> String? {
        try look { database -> String? in
            // A registry that predates signatures has none.
            guard try database.tableExists("signature") else { return nil }
            return try String.fetchOne(
                database,
                sql: "SELECT bundle FROM signature WHERE buildDigest = ? AND keyDigest = ?",
                arguments: [digest.description, key.digest.description]
            )
        }
    }
}

extension SigningKey.Public {
    /// The largest signature file, in bytes; a longer one is rejected.
    public static let longestBundle = 1 << 20

    /// Whether a signature file for `model_signing verify` is valid for this key and this digest of a file.
    public func accepts(bundle text: String, over digest: SHA256Digest) -> Bool {
        guard let bundle = try? JSONDecoder().decode(SignatureBundle.self, from: Data(text.utf8)) else { return false }
        return bundle.holds(for: digest, by: self)
    }
}
