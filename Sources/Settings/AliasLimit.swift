/// Limits the number of YAML aliases.
///
/// Each alias stands for a copy, and copies of copies grow exponentially: eight lines can ask for a billion nodes, and
/// the parser hashes each one that is part of a key. With n aliases, a file grows by at most a factor of e^(n/e).
package enum AliasLimit {
    package static let count = 16

    /// The place of the first alias over the limit. Comment lines have none; a word with a star inside quotes counts
    /// too, because only a parser could tell it apart.
    package static func firstExcess(in text: String) -> SourcePlace? {
        var found = 0
        for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            guard line.utf8.contains(UInt8(ascii: "*")), line.first(where: { $0 != " " }) != "#" else { continue }
            var previous: Character = " "
            for (column, (character, next)) in zip(line, line.dropFirst()).enumerated() {
                if character == "*", !" \t".contains(next), " \t,[{:?".contains(previous) {
                    found += 1
                    if found > count { return SourcePlace(line: number + 1, column: column + 1) }
                }
                previous = character
            }
        }
        return nil
    }
}
