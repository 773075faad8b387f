/// A text as one word of a shell, whatever it contains.
package struct ShellWord: CustomStringConvertible {
    let text: String

    init(_ text: String) { self.text = text }

    /// The word in single quotes, within which a shell has no other special character. A NUL cannot be part of a word,
    /// but no argument and no printable YAML text contains one.
    package var description: String { "'\(text.replacing("'", with: #"'\''"#))'" }
}

extension [String] {
    /// The words of a command, each quoted.
    var asShellWords: String { map { "\(ShellWord($0))" }.joined(separator: " ") }
}
