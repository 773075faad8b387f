/// A piece of HTML or SVG. What is put into its literals is escaped, unless it is markup itself: text that somebody else
/// wrote cannot become markup by being forgotten.
struct Markup: ExpressibleByStringInterpolation, Sendable {
    private(set) var text: String

    static let empty: Markup = ""

    init(stringLiteral value: String) { text = value }

    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ value: String) { text += Markup.escape(value) }
        mutating func appendInterpolation(_ value: Int) { text += "\(value)" }
        /// A place or length in a drawing, with one decimal.
        mutating func appendInterpolation(_ value: Double) { text += number(value, 1) }
        mutating func appendInterpolation(_ value: Markup) { text += value.text }
    }

    static func + (left: Markup, right: Markup) -> Markup { "\(left)\(right)" }

    static func += (left: inout Markup, right: Markup) { left.text += right.text }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for character in readable(text).unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

extension [Markup] {
    func joined(_ separator: Markup = "\n") -> Markup {
        guard let first else { return .empty }
        return dropFirst().reduce(into: first) { $0 += separator + $1 }
    }
}

/// The same text without what XML forbids (control characters) and what makes a text look like another one (marks that
/// turn the direction of writing).
func readable(_ text: String) -> String {
    String(
        String.UnicodeScalarView(
            text.unicodeScalars.map { scalar in
                switch scalar.value {
                case 0x09, 0x0A, 0x0D: " "
                case 0..<0x20, 0x7F..<0xA0, 0xFFFE, 0xFFFF, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: "\u{FFFD}"
                default: scalar
                }
            }
        )
    )
}
