import BinaryIO

/// What somebody else wrote, such as a model's name, licence or tokens, in the form in which a page or a program holds
/// it as text and nothing else.
extension String {
    /// The same text on one line, without what XML forbids and what makes a text look like another one.
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

    /// Markdown that shows the text: no link, no markup, no new cell.
    public var markdownText: String {
        var escaped = ""
        let characters = Array(readable)
        for (index, character) in characters.enumerated() {
            switch character {
            // Inside of a word it means nothing.
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
        // GitHub makes links even of plain text.
        return escaped.replacing("://", with: ":&#47;&#47;").replacing("www.", with: "www&#46;")
    }

    /// A code span of Markdown.
    var markdownCode: String {
        let text = readable
        let fence = String(repeating: "`", count: text.longestRun(of: "`") + 1)
        let pad = text.hasPrefix("`") || text.hasSuffix("`") ? " " : ""
        return fence + pad + text + pad + fence
    }

    /// A block of code in Markdown, whose fence is longer than any in the code.
    package func markdownBlock(language: String) -> String {
        let fence = String(repeating: "`", count: max(3, longestRun(of: "`") + 1))
        return "\(fence)\(language)\n\(self)\n\(fence)"
    }

    /// Text for a comment of Swift, Kotlin, Dart or JavaScript: it stays on its line and opens or closes no comment.
    var inComment: String { readable.replacing("*/", with: "* /").replacing("/*", with: "/ *") }

    /// A string literal of JSON, which JavaScript and TypeScript read alike.
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

    /// One word of a POSIX shell; quoted only where the shell would read it otherwise.
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
        // A word that begins with a dash would be an option.
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
