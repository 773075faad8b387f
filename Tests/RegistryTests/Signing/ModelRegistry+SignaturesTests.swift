import BinaryIO
import Crypto
import Foundation
import GRDB
import Registry
import SystemPackage
import Testing

@Suite struct ModelRegistrySignaturesTests {
    private let pem = P256.Signing.PrivateKey().pemRepresentation

    @Test func aSignedBuildIsPulledByWhoeverTrustsTheKey() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication(scratch.file("a")))[0].record
        let key = try SigningKey(pem: pem)
        let target = scratch.folder.appending("out")
        let before = refusal { try registry.pull(build.name, to: target, signedBy: key.publicKey) }
        #expect(before?.description.contains("no signature by this key") == true)
        #expect(FileStatus(target) == nil)

        let signature = try registry.sign(build.name, with: key)
        #expect(try registry.sign(build.name, with: key) == signature, "ECDSA is random: it is not made again")
        try registry.pull(build.name, to: target, signedBy: key.publicKey)
        #expect(try BinaryIO.SHA256Digest(ofFile: target) == build.digest)
        #expect(try registry.auditEntries().map(\.action) == ["create", "publish", "sign"])

        let stranger = try SigningKey(pem: P256.Signing.PrivateKey().pemRepresentation)
        #expect(refusal { try registry.checkSignature(of: build, by: stranger.publicKey) } != nil)
    }

    /// What is done to a signature that is in the registry.
    enum Harm: CaseIterable { case otherBuild, otherKey, payload, signature, noJSON, empty }

    @Test(arguments: Harm.allCases)
    func aSignatureThatDoesNotHoldStopsThePull(_ harm: Harm) throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication(scratch.file("a")))[0].record
        let other = try registry.publish(publication(scratch.file("b", seed: 2), version: "2.0.0"))[0].record
        let key = try SigningKey(pem: pem)
        let signature = try registry.sign(build.name, with: key)
        let forged: String
        switch harm {
        case .otherBuild: forged = try registry.sign(other.name, with: key)
        case .otherKey:
            forged = try registry.sign(build.name, with: SigningKey(pem: P256.Signing.PrivateKey().pemRepresentation))
        case .payload:
            let text = build.digest.description
            let mine = Data("\(text)".utf8).base64EncodedString()
            forged = signature.replacing("\"payload\":\"e", with: "\"payload\":\"f").replacing(mine, with: mine)
        case .signature: forged = signature.replacing("\"sig\":\"ME", with: "\"sig\":\"MF")
        case .noJSON: forged = "{"
        case .empty: forged = "{}"
        }
        try #require(forged != signature)
        try registry.inspectWriter { database in
            try database.execute(sql: "DROP TRIGGER signature_update")
            try database.execute(
                sql: "UPDATE signature SET bundle = ? WHERE buildDigest = ?",
                arguments: [forged, build.digest.description]
            )
        }
        let target = scratch.folder.appending("out")
        let error = refusal { try registry.pull(build.name, to: target, signedBy: key.publicKey) }
        #expect(error?.description.contains("does not hold") == true, "\(error as Any)")
        #expect(FileStatus(target) == nil)
    }

    @Test(arguments: ["", "-----BEGIN PUBLIC KEY-----", "\u{0}", P384.Signing.PrivateKey().pemRepresentation])
    func aTextThatIsNoKeyIsRefused(_ text: String) {
        #expect(refusal { _ = try SigningKey(pem: text) } != nil)
        #expect(refusal { _ = try SigningKey.Public(pem: text) } != nil)
    }
}
