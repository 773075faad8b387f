/// Unigram encoding: the sequence of tokens for a text with the highest sum of scores.
///
/// Source: Kudo, "Subword Regularization", 2018, with a Viterbi search; order and fallback as in llama.cpp, which calls
/// this kind "t5".
struct UnigramEncoder: TextEncoder {
    /// The score of a character without a token is this much below the worst token's.
    private static let unknownPenalty: Float = 10

    private let trie: TokenTrie
    /// The score of each token; user-defined ones have the highest.
    private let scores: [Double]
    private let unknown: Int32
    private let unknownScore: Double
    private let normalizer: UnigramNormalizer
    private let cuts: WordCuts

    /// - Throws: `TokenizerError` for a vocabulary without an unknown token, or with a damaged character map.
    init(_ vocabulary: Vocabulary, attributes: [TokenAttributes]) throws(TokenizerError) {
        guard let unknown = vocabulary.special.unknown else { throw .missingSpecial(role: "unknown") }
        self.unknown = unknown
        let found = vocabulary.tokens.indices.filter {
            !attributes[$0].isDisjoint(with: [.normal, .userDefined, .unused])
        }
        let given = vocabulary.scores.isEmpty ? Array(repeating: 0, count: attributes.count) : vocabulary.scores
        var trie = TokenTrie()
        for id in found { trie.insert(vocabulary.tokens[id].utf8, token: Int32(id)) }
        self.trie = trie
        let lowest = found.filter { attributes[$0].contains(.normal) }.map { given[$0] }.min()
        unknownScore = Double((lowest ?? Float.greatestFiniteMagnitude) - Self.unknownPenalty)
        scores = given.indices.map { attributes[$0].contains(.userDefined) ? 0 : Double(given[$0]) }
        normalizer = try UnigramNormalizer(
            vocabulary,
            userDefined: found.filter { attributes[$0].contains(.userDefined) }.map { vocabulary.tokens[$0] }
        )
        // Several unknown characters in a row become one token. Such a row must not be cut, so cutting at the space
        // mark requires a token for it.
        let texts = found.map { vocabulary.tokens[$0] }
        cuts = texts.contains("\u{2581}") ? WordCuts(tokens: texts) : WordCuts()
    }

    func prepare(_ bytes: UnsafeBufferPointer<UInt8>, followsSpecial: Bool, to prepared: inout [UInt8]) {
        normalizer.normalize(bytes, to: &prepared)
    }

    func encode(
        _ range: Range<Int>,
        of text: UnsafeBufferPointer<UInt8>,
        memory: inout WordMemory,
        to output: inout [Int32]
    ) {
        var best: [Path] = []
        var word = range.lowerBound..<range.lowerBound
        while word.upperBound < range.upperBound {
            word = word.upperBound..<cuts.endOfWord(at: word.upperBound, in: text, upTo: range.upperBound)
            memory.encode(word, of: text, to: &output) { output in
                encode(UnsafeBufferPointer(rebasing: text[word]), best: &best, to: &output)
            }
        }
    }

    /// The best sequence of tokens up to a position: its last token, where that starts, and the sum of scores.
    private struct Path {
        var token: Int32
        var start = 0
        var score = -Double.greatestFiniteMagnitude
    }

    private func encode(_ word: UnsafeBufferPointer<UInt8>, best: inout [Path], to output: inout [Int32]) {
        best.removeAll(keepingCapacity: true)
        best.append(Path(token: unknown, score: 0))
        best.append(contentsOf: repeatElement(Path(token: unknown), count: word.count))
        var start = 0
        while start < word.count {
            let length = min(sequenceLength(startingWith: word[start]), word.count - start)
            let score = best[start].score
            func propose(_ token: Int32, _ tokenScore: Double, end: Int) {
                guard score + tokenScore > best[end].score else { return }
                best[end] = Path(token: token, start: start, score: score + tokenScore)
            }
            var isKnown = false
            var (node, end) = (Int32(0), start)
            while end < word.count, let child = trie.child(of: node, word[end]) {
                (node, end) = (child, end + 1)
                guard let token = trie.token(at: node) else { continue }
                if end == start + length { isKnown = true }
                propose(token, scores[Int(token)], end: end)
            }
            if !isKnown { propose(unknown, unknownScore, end: start + length) }
            start += length
        }
        append(best, to: &output)
    }

    /// Appends the tokens of the best path to the end; unknown ones in a row become one.
    private func append(_ best: [Path], to output: inout [Int32]) {
        let first = output.count
        var end = best.count - 1
        var last: Int32?
        while end > 0 {
            let path = best[end]
            if path.token != unknown || last != unknown { output.append(path.token) }
            last = path.token
            end = path.start
        }
        output[first...].reverse()
    }
}
