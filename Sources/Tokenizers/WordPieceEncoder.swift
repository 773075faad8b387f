/// WordPiece, as in BERT: white space and punctuation separate words, each of which is split greedily into the longest
/// tokens from its start. A word that cannot be split so becomes the unknown token.
///
/// Source: Devlin et al., "BERT", 2018; with token texts as in llama.cpp, where tokens that begin a word start with
/// U+2581 and those that continue one have no mark.
struct WordPieceEncoder: TextEncoder {
    private let trie: TokenTrie
    private let unknown: Int32
    private let normalization: Vocabulary.WordNormalization

    private static let space: UInt8 = 0x20
    /// Ideographs, each of which is a word.
    private static let ideographs = CodePointSet([
        0x3400...0x4dbf, 0x4e00...0x9fff, 0xf900...0xfaff, 0x20000...0x2a6df, 0x2a700...0x2b73f, 0x2b740...0x2b81f,
        0x2b920...0x2ceaf, 0x2f800...0x2fa1f,
    ])

    /// - Throws: `TokenizerError` for a vocabulary without an unknown token.
    init(_ vocabulary: Vocabulary) throws(TokenizerError) {
        guard let unknown = vocabulary.special.unknown else { throw .missingSpecial(role: "unknown") }
        self.unknown = unknown
        normalization = vocabulary.wordNormalization
        var trie = TokenTrie()
        for (id, text) in vocabulary.tokens.enumerated() { trie.insert(text.utf8, token: Int32(id)) }
        self.trie = trie
    }

    /// Appends the words, each preceded by U+2581 and followed by a space.
    func prepare(_ bytes: UnsafeBufferPointer<UInt8>, followsSpecial: Bool, to prepared: inout [UInt8]) {
        let text = CodePoints(bytes)
        var isInWord = false
        func endWord() {
            if isInWord { prepared.append(Self.space) }
            isInWord = false
        }
        func append(_ value: UInt32) {
            if !isInWord { prepared += WordCuts.spaceMark }
            isInWord = true
            CodePoints.appendUTF8(of: normalization.lowercases ? LetterForms.lowercased(value) : value, to: &prepared)
        }
        for original in text.values {
            let value = normalization.stripsAccents ? LetterForms.base(of: original) : original
            let classes = CharacterClass.of(value)
            if classes.contains(.whiteSpace) {
                endWord()
            } else if value == 0 || value == 0xfffd || classes.contains(.control) {
                continue
            } else if normalization.stripsAccents, classes.contains(.mark) {
                continue
            } else if Self.isWord(value, classes) {
                endWord()
                append(value)
                endWord()
            } else {
                append(value)
            }
        }
        endWord()
    }

    /// Whether a character is a word by itself.
    private static func isWord(_ value: UInt32, _ classes: CharacterClass) -> Bool {
        classes.contains(.punctuation) || value < 0x7f && classes.contains(.symbol) || ideographs.contains(value)
    }

    func encode(
        _ range: Range<Int>,
        of text: UnsafeBufferPointer<UInt8>,
        memory: inout WordMemory,
        to output: inout [Int32]
    ) {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = text[start..<range.upperBound].firstIndex(of: Self.space) ?? range.upperBound
            memory.encode(start..<end, of: text, to: &output) { output in
                encode(UnsafeBufferPointer(rebasing: text[start..<end]), to: &output)
            }
            start = end + 1
        }
    }

    private func encode(_ word: UnsafeBufferPointer<UInt8>, to output: inout [Int32]) {
        let first = output.count
        var start = 0
        while start < word.count {
            guard let (token, end) = longest(in: word, from: start) else {
                output.removeSubrange(first...)
                output.append(unknown)
                return
            }
            output.append(token)
            start = end
        }
    }

    /// The longest token at this position of the word, and its end.
    private func longest(in word: UnsafeBufferPointer<UInt8>, from start: Int) -> (token: Int32, end: Int)? {
        var found: (Int32, Int)?
        var (node, end) = (Int32(0), start)
        while end < word.count, let child = trie.child(of: node, word[end]) {
            (node, end) = (child, end + 1)
            if let token = trie.token(at: node) { found = (token, end) }
        }
        return found
    }
}
