/// A text as one word of a shell, whatever is in it.
package struct ShellWord: CustomStringConvertible {
    let text: String

    init(_ text: String) { self.text = text }

    /// In single quotes, within which a shell knows no other special character. A NUL cannot be in a word, and cannot be in a text that came
    /// as an argument or out of YAML's printable characters.
    package var description: String { "'\(text.replacing("'", with: #"'\''"#))'" }
}

extension [String] {
    /// Words of a command, each quoted.
    var asShellWords: String { map { "\(ShellWord($0))" }.joined(separator: " ") }
}
