import Yams

/// Writes texts into YAML so that they are read back unchanged.
package enum YAMLText {
    /// A scalar for block or flow context: plain if nothing in it has a meaning in YAML, otherwise in double quotes.
    package static func scalar(_ text: String) -> String { isPlain(text) ? text : quoted(text) }

    /// The text in double quotes, with escapes for everything invisible.
    package static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            default:
                if scalar.value >= 0x20,
                    scalar.value < 0x7f || scalar.properties.isAlphabetic || scalar.properties.numericType != nil
                {
                    quoted.unicodeScalars.append(scalar)
                } else {
                    quoted += "\\U" + hexadecimal(scalar.value, digits: 8)
                }
            }
        }
        return quoted + "\""
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// Whether the text only has letters, digits and the characters of paths and names, and begins with a letter: no
    /// number, boolean or null.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first, first.isASCII,
            isLetter(first) || "./".unicodeScalars.contains(first)
        else {
            return false
        }
        guard
            text.unicodeScalars.dropFirst().allSatisfy({
                isLetter($0) || isDigit($0) || "._/@+-".unicodeScalars.contains($0) || $0 == ":"
            })
        else { return false }
        let node = Node(text)
        // A colon has a meaning before a space or at the end.
        return !text.hasSuffix(":") && node.coreBool == nil && node.coreNumber == nil && !node.isNull
            && !["yes", "no", "on", "off", "y", "n"].contains(text.lowercased()) && !text.hasPrefix("...")
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
}
