import Briefs
import Foundation
import Testing

@Suite struct QuotingTests {
    @Test(arguments: [
        ("hf://a/b", "hf://a/b"), ("a b", "'a b'"), ("a'b", "'a'\\''b'"), ("$(x)", "'$(x)'"), ("", "''"),
        ("-rf", "./'-rf'"), ("a;b", "'a;b'"), ("~/x", "'~/x'"), ("a\nb", "'a b'"),
    ])
    func wordsOfAShellAreQuotedWhereTheyMust(_ text: String, _ expected: String) {
        #expect(text.shellWord == expected)
    }

    @Test(arguments: ["a", "\"\\", "\n\r\t", "\u{2028}\u{202E}\u{9b}", "😀", "\u{0}\u{1f}", "</script>"])
    func literalsOfJSONAreReadBack(_ text: String) throws {
        let read = try JSONSerialization.jsonObject(with: Data(text.jsonLiteral.utf8), options: .fragmentsAllowed)
        #expect(read as? String == text)
        #expect(text.jsonLiteral.unicodeScalars.allSatisfy { !$0.properties.isDefaultIgnorableCodePoint })
    }

    @Test func aBlockOfCodeHasALongerFenceThanItsCode() {
        #expect("a".markdownBlock(language: "swift") == "```swift\na\n```")
        #expect("````".markdownBlock(language: "x").hasPrefix("`````x\n"))
    }
}
