import BinaryIO
import Foundation
import Testing

@Suite struct VisibleTextTests {
    @Test(arguments: [
        ("plain, дом, 家, é, 👩‍👩‍👧", "plain, дом, 家, é, 👩‍👩‍👧"), ("a\u{1b}[31mb", "a\\u{1B}[31mb"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\u{202E}txt", "\\u{202E}txt"), ("\u{9b}1m", "\\u{9B}1m"), ("a\u{2028}b\u{FEFF}", "a\\u{2028}b\\u{FEFF}"),
        ("\u{0}\u{7f}", "\\u{0}\\u{7F}"),
    ])
    func whatATerminalWouldObeyIsWrittenOut(_ text: String, _ expected: String) {
        #expect(text.visible == expected)
    }

    @Test func linesKeepTheirEnds() {
        #expect("a\tb\nc\u{1b}d".visibleLines == "a\tb\nc\\u{1B}d")
    }

    @Test func jsonStaysTheSameValue() throws {
        let text = "a\u{202E}b\u{9b}c\u{E0001}d"
        let document = "{\n\t\"key\": \"\(text)\"\n}"
        #expect(document.visibleJSON.unicodeScalars.allSatisfy { $0 == "\n" || $0 == "\t" || !$0.isHidden })
        let read = try JSONSerialization.jsonObject(with: Data(document.visibleJSON.utf8)) as? [String: String]
        #expect(read == ["key": text])
    }
}
