import BinaryIO
import Foundation

/// A signature over one file as the OpenSSF Model Signing specification 1.0 defines it and `model_signing verify`
/// accepts it: a Sigstore bundle around a DSSE envelope around an in-toto statement.
///
/// The statement names the file ".", as the reference tool does for a model of one file, so the file may have any name.
struct SignatureBundle: Codable {
    var mediaType: String
    var verificationMaterial: Material
    var dsseEnvelope: Envelope

    struct Material: Codable {
        struct PublicKey: Codable { var hint: String }
        var publicKey: PublicKey
        var tlogEntries: [String]
    }

    struct Envelope: Codable {
        struct Signature: Codable {
            var sig: Data
            var keyid: String
        }
        var payloadType: String
        var payload: Data
        var signatures: [Signature]

        /// The bytes that are signed: type and payload, each preceded by its length. Source: the DSSE specification,
        /// "PAE".
        var signedBytes: Data {
            Data("DSSEv1 \(payloadType.utf8.count) \(payloadType) \(payload.count) ".utf8) + payload
        }
    }

    private struct Statement: Codable {
        struct Subject: Codable {
            var name: String
            var digest: [String: String]
        }
        struct Serialization: Codable {
            var method: String
            var hashType: String
            var allowSymlinks: Bool
            var ignorePaths: [String]

            enum CodingKeys: String, CodingKey {
                case method
                case hashType = "hash_type"
                case allowSymlinks = "allow_symlinks"
                case ignorePaths = "ignore_paths"
            }
        }
        struct Resource: Codable {
            var name: String
            var algorithm: String
            var digest: String
        }
        struct Predicate: Codable {
            var serialization: Serialization
            var resources: [Resource]
        }
        var type: String
        var subject: [Subject]
        var predicateType: String
        var predicate: Predicate

        enum CodingKeys: String, CodingKey {
            case type = "_type"
            case subject, predicateType, predicate
        }
    }

    private static let bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json"
    private static let payloadType = "application/vnd.in-toto+json"
    private static let statementType = "https://in-toto.io/Statement/v1"
    private static let predicateType = "https://model_signing/signature/v1.0"

    /// Signs a file by its digest.
    /// - Parameter name: the file's name in the statement; verification ignores it.
    init(signing digest: SHA256Digest, named name: String, with key: SigningKey) throws {
        let statement = Statement(
            type: Self.statementType,
            subject: [.init(name: name, digest: ["sha256": Self.root(of: digest).description])],
            predicateType: Self.predicateType,
            predicate: .init(
                serialization: .init(method: "files", hashType: "sha256", allowSymlinks: false, ignorePaths: []),
                resources: [.init(name: ".", algorithm: "sha256", digest: digest.description)]
            )
        )
        let payload = Data(try CanonicalJSON.encode(statement).utf8)
        var envelope = Envelope(payloadType: Self.payloadType, payload: payload, signatures: [])
        envelope.signatures = [.init(sig: try key.sign(envelope.signedBytes), keyid: "")]
        mediaType = Self.bundleType
        verificationMaterial = Material(publicKey: .init(hint: key.publicKey.digest.description), tlogEntries: [])
        dsseEnvelope = envelope
    }

    /// Whether this key signed a statement that a file has this digest.
    func holds(for digest: SHA256Digest, by key: SigningKey.Public) -> Bool {
        guard dsseEnvelope.payloadType == Self.payloadType, dsseEnvelope.signatures.count == 1,
            key.accepts(dsseEnvelope.signatures[0].sig, over: dsseEnvelope.signedBytes),
            // The payload is trusted only after the signature was verified.
            let statement = try? JSONDecoder().decode(Statement.self, from: dsseEnvelope.payload)
        else { return false }
        let resources = statement.predicate.resources
        return statement.type == Self.statementType && statement.predicateType == Self.predicateType
            && statement.subject.map(\.digest) == [["sha256": Self.root(of: digest).description]]
            && resources.count == 1 && resources[0].algorithm == "sha256" && resources[0].digest == digest.description
    }

    /// The digest of a model of one file: SHA-256 over the bytes of the file's digest.
    private static func root(of digest: SHA256Digest) -> SHA256Digest {
        let digits = Array(digest.description)
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
        return SHA256Digest(of: bytes)
    }
}
