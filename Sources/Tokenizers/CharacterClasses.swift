/// The properties of a character that word splitters use: its major Unicode category, and whether it is white space.
struct CharacterClass: OptionSet, Sendable {
    let rawValue: UInt8

    static let letter = CharacterClass(rawValue: 1)
    static let number = CharacterClass(rawValue: 2)
    static let mark = CharacterClass(rawValue: 4)
    static let punctuation = CharacterClass(rawValue: 8)
    static let symbol = CharacterClass(rawValue: 16)
    static let whiteSpace = CharacterClass(rawValue: 32)
    /// Control, format and private-use characters.
    static let control = CharacterClass(rawValue: 64)
    /// Set for every character, so that the empty set can mean "past the end".
    static let present = CharacterClass(rawValue: 128)

    /// The class of a code point; empty for numbers beyond the last code point.
    static func of(_ value: UInt32) -> CharacterClass { value < 0x11_0000 ? table[Int(value)] : .present }

    /// The class of every code point.
    static let table: [CharacterClass] = {
        var table = Array(repeating: CharacterClass.present, count: 0x11_0000)
        let starts = CharacterRanges.starts + [UInt32(table.count) << 8]
        for (entry, next) in zip(starts, starts.dropFirst()) {
            let classes = CharacterClass(rawValue: UInt8(truncatingIfNeeded: entry))
            for codePoint in (entry >> 8)..<(next >> 8) { table[Int(codePoint)] = classes }
        }
        return table
    }()
}
