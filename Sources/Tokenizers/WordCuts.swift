/// Where a text falls into words that no token crosses, so that each word can be encoded, and remembered, by itself.
///
/// SentencePiece has no words of its own. But tokens hold the mark of a space only where they start, and after another
/// such mark; the text can be cut before a mark that follows anything else without changing what it becomes.
struct WordCuts: Sendable {
    /// U+2581, which stands for a space inside SentencePiece tokens.
    static let spaceMark: [UInt8] = [0xe2, 0x96, 0x81]

    /// Appends a text with the mark for each of its spaces.
    static func appendMarkingSpaces(_ bytes: some Sequence<UInt8>, to prepared: inout [UInt8]) {
        for byte in bytes {
            if byte == 0x20 { prepared += spaceMark } else { prepared.append(byte) }
        }
    }

    /// The bytes after which some token holds the mark.
    private var joins = Array(repeating: false, count: 256)

    init(tokens: some Sequence<String>) { self.init(texts: tokens.lazy.map { Array($0.utf8) }) }

    init(texts: some Sequence<[UInt8]>) {
        for bytes in texts {
            for end in bytes.indices.dropFirst() where bytes[end...].starts(with: Self.spaceMark) {
                joins[Int(bytes[end - 1])] = true
            }
        }
    }

    /// No cuts at all.
    init() { joins = Array(repeating: true, count: 256) }

    /// The end of the word that starts at `start`, by characters as their first bytes announce them: a character that
    /// is broken off swallows the mark after it.
    func endOfWord(at start: Int, in text: UnsafeBufferPointer<UInt8>, upTo limit: Int) -> Int {
        var end = start + sequenceLength(startingWith: text[start])
        while end < limit {
            if text[end] == 0xe2, end + 2 < limit, text[end + 1] == 0x96, text[end + 2] == 0x81,
                !joins[Int(text[end - 1])]
            {
                return end
            }
            end += sequenceLength(startingWith: text[end])
        }
        return limit
    }
}
