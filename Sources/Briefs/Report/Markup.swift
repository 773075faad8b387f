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
        for character in text.readable.unicodeScalars {
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
