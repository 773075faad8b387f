import BinaryIO

/// `${{ vars.context }}` inside a scalar: a reference to a value that is defined elsewhere.
package struct Expression: Sendable, Hashable {
    /// The scope of the value: `vars`, `env`, `matrix`, `model`.
    package let scope: String
    package let name: String
    /// The text of the expression, including braces.
    package let source: String

    /// A part of a scalar's text.
    package enum Piece: Sendable, Equatable {
        case text(String)
        case expression(Expression)
    }

    /// Why a text with `${{` cannot be parsed.
    package struct Problem: Error, Equatable {
        package let message: String
        /// The part of the text that is wrong, to find its place.
        package let source: String
    }

    private static let opening = "${{"
    private static let closing = "}}"

    /// Whether a text contains an expression, valid or not.
    package static func isIn(_ text: String) -> Bool { text.contains(opening) }

    /// The parts of a scalar's text.
    /// - Throws: `Problem` for an expression that does not end, or is invalid.
    package static func pieces(of text: String) throws(Problem) -> [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        while let start = rest.firstRange(of: opening) {
            if start.lowerBound > rest.startIndex { pieces.append(.text(String(rest[..<start.lowerBound]))) }
            guard let end = rest[start.upperBound...].firstRange(of: closing) else {
                throw Problem(
                    message: "'\(opening)' is not closed. End the expression with '\(closing)'.",
                    source: String(rest[start.lowerBound...])
                )
            }
            let source = String(rest[start.lowerBound..<end.upperBound])
            pieces.append(.expression(try Expression(rest[start.upperBound..<end.lowerBound], source)))
            rest = rest[end.upperBound...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }

    private init(_ inside: Substring, _ source: String) throws(Problem) {
        let words = inside.trimming(where: \.isWhitespace).split(separator: ".", omittingEmptySubsequences: false)
        guard words.count == 2, words.allSatisfy(Self.isName) else {
            throw Problem(
                message:
                    "'\(source)' is not an expression. Write one name, such as \(Self.opening) vars.context \(Self.closing).",
                source: source
            )
        }
        (scope, name, self.source) = (String(words[0]), String(words[1]), source)
    }

    /// Whether a text is a valid name in an expression: letters, digits, '-' and '_'.
    package static func isName(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
    }
}

extension Substring {
    fileprivate func trimming(where isTrimmed: (Character) -> Bool) -> Substring {
        let start = drop(while: isTrimmed)
        guard let last = start.lastIndex(where: { !isTrimmed($0) }) else { return start.prefix(0) }
        return start[...last]
    }
}
