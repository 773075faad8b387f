/// The grammar of every name that a person chooses: models, quantization types, channels, steps.
///
/// Lowercase letters, digits and `. _ -`, beginning with a letter or digit. A name contains no slash, space or control
/// character and does not begin with a dot, so it is safe in a URL, in a table and in a shell; no name becomes part of
/// a path here.
public enum NameGrammar {
    /// The longest name, in bytes.
    public static let longest = 128
    /// The grammar in words, for messages.
    public static let rule = "small letters, digits, dots, underscores and hyphens, beginning with a letter or digit"

    /// Whether `text` follows the grammar.
    public static func accepts(_ text: some StringProtocol) -> Bool {
        guard let first = text.utf8.first, isLetterOrDigit(first), text.utf8.count <= longest else { return false }
        return text.utf8.allSatisfy { isLetterOrDigit($0) || UInt8(ascii: ".") == $0 || isJoin($0) }
    }

    private static func isJoin(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
}
