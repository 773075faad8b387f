/// Caches the tokens of each word while one text is encoded.
///
/// It stores neither words nor tokens, only their positions in the text and in its tokens; a word may evict another.
struct WordMemory {
    private struct Entry {
        var hash: UInt64 = 0
        var word = 0..<0
        var tokens = 0..<0
    }

    private var entries: [Entry]

    /// - Parameter textCount: length of the text in bytes; a short one needs no large cache.
    init(textCount: Int) {
        var count = 1
        while count < 1 << 15, count < textCount / 16 { count *= 2 }
        entries = Array(repeating: Entry(), count: count)
    }

    /// Appends the tokens of `word`, from the cache or from `encode`, which appends them.
    mutating func encode<Failure: Error>(
        _ word: Range<Int>,
        of text: UnsafeBufferPointer<UInt8>,
        to output: inout [Int32],
        by encode: (inout [Int32]) throws(Failure) -> Void
    ) throws(Failure) {
        let bytes = UnsafeBufferPointer(rebasing: text[word])
        let hash = ByteHash.hash(bytes)
        let slot = Int(truncatingIfNeeded: hash >> 16) & (entries.count - 1)
        let entry = entries[slot]
        if entry.hash == hash, entry.word.count == word.count, text[entry.word].elementsEqual(bytes) {
            for index in entry.tokens { output.append(output[index]) }
            return
        }
        let start = output.count
        try encode(&output)
        entries[slot] = Entry(hash: hash, word: word, tokens: start..<output.count)
    }
}
