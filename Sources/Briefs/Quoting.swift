import BinaryIO

/// Escapes untrusted text, such as a model's name, licence or tokens, so that a page or a program contains it as plain
/// text.
extension String {
    /// The text on one line, without characters that XML forbids or that disguise a text as another one.
    var readable: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { scalar in
                    switch scalar {
                    case "\t", "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": " "
                    case "\u{FFFE}", "\u{FFFF}": "\u{FFFD}"
                    default: scalar.isHidden ? "\u{FFFD}" : scalar
                    }
                }
            )
        )
    }

    /// Markdown that shows the text as it is: no link, no markup, no new cell.
    public var markdownText: String {
        var escaped = ""
        let characters = Array(readable)
        for (index, character) in characters.enumerated() {
            switch character {
            // An underscore inside a word has no meaning in Markdown.
            case "_"
            where index > 0 && index + 1 < characters.count
                && [characters[index - 1], characters[index + 1]].allSatisfy({ $0.isLetter || $0.isNumber }):
                escaped.append(character)
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\\", "`", "*", "_", "[", "]", "#", "|", "~", "!": escaped += "\\\(character)"
            default: escaped.append(character)
            }
        }
        // GitHub turns even plain addresses into links.
        return escaped.replacing("://", with: ":&#47;&#47;").replacing("www.", with: "www&#46;")
    }

    /// A code span of Markdown.
    var markdownCode: String {
        let text = readable
        let fence = String(repeating: "`", count: text.longestRun(of: "`") + 1)
        let pad = text.hasPrefix("`") || text.hasSuffix("`") ? " " : ""
        return fence + pad + text + pad + fence
    }

    /// A code block in Markdown, with a fence longer than any in the code.
    package func markdownBlock(language: String) -> String {
        let fence = String(repeating: "`", count: max(3, longestRun(of: "`") + 1))
        return "\(fence)\(language)\n\(self)\n\(fence)"
    }

    /// Text for a comment of Swift, Kotlin, Dart or JavaScript: it stays on its line and neither opens nor closes a
    /// comment.
    var inComment: String { readable.replacing("*/", with: "* /").replacing("/*", with: "/ *") }

    /// A JSON string literal, which JavaScript and TypeScript read in the same way.
    package var jsonLiteral: String {
        let body = unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\t": "\\t"
            default: String(scalar).visibleJSON
            }
        }
        return "\"\(body.joined())\""
    }

    /// One word of a POSIX shell, quoted only if necessary.
    package var shellWord: String {
        let text = readable
        let isPlain = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "/._-+:@%,=".utf8.contains(byte)
            }
        }
        // A word that begins with a dash would be read as an option.
        if isPlain, !text.isEmpty, !text.hasPrefix("-") { return text }
        let quoted = "'" + text.replacing("'", with: "'\\''") + "'"
        return text.hasPrefix("-") ? "./" + quoted : quoted
    }

    private func longestRun(of character: Character) -> Int {
        var (longest, run) = (0, 0)
        for other in self {
            run = other == character ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }
}
