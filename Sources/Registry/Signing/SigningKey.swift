import BinaryIO
import Crypto
import Foundation
import SystemPackage

/// A key that signs builds: ECDSA on the curve P-256 with SHA-256.
public struct SigningKey: Sendable {
    private let key: P256.Signing.PrivateKey

    /// - Parameter pem: the key as `openssl ecparam -name prime256v1 -genkey` writes it, in SEC 1 or PKCS #8 form.
    /// - Throws: `RegistryError.unusableKey`.
    public init(pem: String) throws(RegistryError) {
        do {
            // OpenSSL writes the curve's parameters before the key by default.
            let text = pem.range(of: "-----END EC PARAMETERS-----").map { String(pem[$0.upperBound...]) } ?? pem
            key = try P256.Signing.PrivateKey(pemRepresentation: text.trimmingCharacters(in: .whitespacesAndNewlines))
        } catch {
            throw .unusableKey(detail: "it is not a private key in PEM form")
        }
    }

    /// - Parameter file: a file with the key in PEM form, as `init(pem:)` takes it.
    /// - Throws: `RegistryError.unusableKey`, `FileError`.
    public init(file: FilePath) throws { try self.init(pem: Self.text(of: file)) }

    private static func text(of file: FilePath) throws -> String {
        String(decoding: try readFile(file, limit: 1 << 16), as: UTF8.self)
    }

    /// The public key, which others verify with.
    public var publicKey: Public { Public(key: key.publicKey) }

    /// Hashes and signs bytes; returns the signature as DER.
    func sign(_ bytes: Data) throws -> Data { try key.signature(for: bytes).derRepresentation }

    /// The public key, which verifies signatures.
    public struct Public: Sendable {
        let key: P256.Signing.PublicKey

        init(key: P256.Signing.PublicKey) { self.key = key }

        /// - Throws: `RegistryError.unusableKey`.
        public init(pem: String) throws(RegistryError) {
            do {
                key = try P256.Signing.PublicKey(
                    pemRepresentation: pem.trimmingCharacters(in: .whitespacesAndNewlines)
                )
            } catch {
                throw .unusableKey(detail: "it is not a public key in PEM form")
            }
        }

        /// - Parameter file: a file with the key in PEM form.
        /// - Throws: `RegistryError.unusableKey`, `FileError`.
        public init(file: FilePath) throws { try self.init(pem: SigningKey.text(of: file)) }

        /// SHA-256 of the key as a PEM file, by which a signature names its key.
        var digest: BinaryIO.SHA256Digest {
            let pem = key.pemRepresentation
            return BinaryIO.SHA256Digest(of: (pem.hasSuffix("\n") ? pem : pem + "\n").utf8)
        }

        func accepts(_ signature: Data, over bytes: Data) -> Bool {
            guard let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: bytes)
        }
    }
}
