/// Finds positions in a text that no token crosses, so that the words between them can be encoded, and cached,
/// separately.
///
/// SentencePiece has no words of its own. However, tokens contain the mark of a space only at their start or after
/// another mark, so the text can be cut before a mark that follows anything else without changing the result.
struct WordCuts: Sendable {
    /// U+2581, which stands for a space in SentencePiece tokens.
    static let spaceMark: [UInt8] = [0xe2, 0x96, 0x81]

    /// Appends a text with the mark in place of each space.
    static func appendMarkingSpaces(_ bytes: some Sequence<UInt8>, to prepared: inout [UInt8]) {
        for byte in bytes {
            if byte == 0x20 { prepared += spaceMark } else { prepared.append(byte) }
        }
    }

    /// The bytes after which some token contains the mark.
    private var joins = Array(repeating: false, count: 256)

    init(tokens: some Sequence<String>) { self.init(texts: tokens.lazy.map { Array($0.utf8) }) }

    init(texts: some Sequence<[UInt8]>) {
        for bytes in texts {
            for end in bytes.indices.dropFirst() where bytes[end...].starts(with: Self.spaceMark) {
                joins[Int(bytes[end - 1])] = true
            }
        }
    }

    /// Makes a value that never cuts.
    init() { joins = Array(repeating: true, count: 256) }

    /// The end of the word that starts at `start`. The first byte of a character determines its length, so a truncated
    /// character includes the mark after it.
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
