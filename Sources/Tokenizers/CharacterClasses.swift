/// What a word splitter asks about a character: the major Unicode category, and whether it is white space.
///
/// From the standard library's Unicode tables. Characters that a newer Unicode version assigns may be classed
/// differently by an older system library; every other character is the same everywhere.
struct CharacterClass: OptionSet, Sendable {
    let rawValue: UInt8

    static let letter = CharacterClass(rawValue: 1)
    static let number = CharacterClass(rawValue: 2)
    static let mark = CharacterClass(rawValue: 4)
    static let punctuation = CharacterClass(rawValue: 8)
    static let symbol = CharacterClass(rawValue: 16)
    static let whiteSpace = CharacterClass(rawValue: 32)
    /// Set on every character, so that the empty set can mean "past the end".
    static let present = CharacterClass(rawValue: 128)

    /// The class of a code point; surrogates and numbers past Unicode's end are merely present.
    init(of codePoint: UInt32) {
        if codePoint < UInt32(Self.table.count) {
            self = Self.table[Int(codePoint)]
        } else {
            self = Self.computed(codePoint)
        }
    }

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Covers the planes that hold nearly all assigned characters; the rest is computed when it is met.
    private static let table: [CharacterClass] = (0..<0x20000).map { computed($0) }

    private static func computed(_ codePoint: UInt32) -> CharacterClass {
        guard let properties = Unicode.Scalar(codePoint)?.properties else { return .present }
        let category: CharacterClass =
            switch properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
            case .decimalNumber, .letterNumber, .otherNumber: .number
            case .nonspacingMark, .spacingMark, .enclosingMark: .mark
            case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
                .finalPunctuation, .otherPunctuation:
                .punctuation
            case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: .symbol
            default: []
            }
        return [category, .present, properties.isWhitespace ? .whiteSpace : []]
    }
}
