/// Keeps YAML's aliases from multiplying.
///
/// Each alias stands for a copy, and copies of copies grow by powers: eight lines can ask for a billion nodes, which the
/// parser hashes one by one where they stand as keys. With n aliases no file grows by more than e^(n/e).
package enum AliasLimit {
    package static let count = 16

    /// Where the first alias stands that is one too many. A line that is a comment has none; a word with a star inside
    /// of quotes counts, for telling them apart takes a parser.
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
