import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

@Suite struct SHA256DigestTests {
    /// FIPS 180-2, appendix B, and the digest of nothing.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func agreesWithTheStandardsExamples(_ text: String, _ digits: String) throws {
        let digest = SHA256Digest(of: text.utf8)
        #expect(digest.description == digits)
        #expect(SHA256Digest(hex: digits) == digest)
        #expect(digest.short == digits.prefix(12))
        let scratch = try ScratchFolder()
        #expect(try SHA256Digest(ofFile: scratch.write(text.utf8, to: "a")) == digest)
        let bytes = Array(text.utf8)
        #expect(bytes.withUnsafeBytes { SHA256Digest(of: $0) } == digest)
        var hasher = SHA256Hasher()
        for byte in bytes { [byte].withUnsafeBytes { hasher.update($0) } }
        #expect(hasher.finalize() == digest)
    }

    private static let digits = String(repeating: "0123456789abcdef", count: 4)

    private static let wrongEndings: [String] = ["", "0f", "\n", "\0", "g", "é", "F", " "]
    private static let wrongBeginnings: [String] = ["", "ff", "A", "/", "sha256:", " ", "0x", "٠", "０", "-"]
    private static var nearMisses: [String] {
        let middle = String(digits.dropFirst().dropLast())
        return wrongEndings.map { "0" + middle + $0 } + wrongBeginnings.map { $0 + middle + "f" }
            + [String(repeating: "../", count: 21) + "e", digits.uppercased(), ""]
    }

    /// What is no digest must never become a path.
    @Test(arguments: nearMisses)
    func onlySixtyFourLowerCaseDigitsAreADigest(_ text: String) {
        #expect(SHA256Digest(hex: text) == nil)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([SHA256Digest].self, from: JSONEncoder().encode([text]))
        }
    }

    @Test func survivesJSON() throws {
        let digest = SHA256Digest(of: [1, 2, 3])
        let encoded = try JSONEncoder().encode([digest])
        #expect(String(decoding: encoded, as: UTF8.self) == "[\"\(digest)\"]")
        #expect(try JSONDecoder().decode([SHA256Digest].self, from: encoded) == [digest])
    }
}
