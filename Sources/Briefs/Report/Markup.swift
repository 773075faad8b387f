/// A piece of HTML or SVG. Interpolated text is escaped unless it is markup itself, so that untrusted text cannot
/// become markup by oversight.
package struct Markup: ExpressibleByStringInterpolation, Sendable {
    package private(set) var text: String

    package static let empty: Markup = ""

    package init(stringLiteral value: String) { text = value }

    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    package struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        package mutating func appendLiteral(_ literal: String) { text += literal }
        package mutating func appendInterpolation(_ value: String) { text += Markup.escape(value) }
        package mutating func appendInterpolation(_ value: Int) { text += "\(value)" }
        /// A coordinate or length in a chart, with one decimal.
        package mutating func appendInterpolation(_ value: Double) { text += number(value, 1) }
        package mutating func appendInterpolation(_ value: Markup) { text += value.text }
    }

    package static func + (left: Markup, right: Markup) -> Markup { "\(left)\(right)" }

    package static func += (left: inout Markup, right: Markup) { left.text += right.text }

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
    package func joined(_ separator: Markup = "\n") -> Markup {
        guard let first else { return .empty }
        return dropFirst().reduce(into: first) { $0 += separator + $1 }
    }
}
