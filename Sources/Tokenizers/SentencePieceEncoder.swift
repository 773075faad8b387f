/// SentencePiece encoding: the neighbours whose joint token has the highest score merge first, until no neighbours form
/// a token.
///
/// Source: Kudo and Richardson, "SentencePiece", 2018; order and byte fallback as in llama.cpp.
struct SentencePieceEncoder: TextEncoder {
    private let texts: ByteStringTable
    /// The rank of each token by score, highest first; equal scores have the same rank.
    private let ranks: [Int32]
    /// The token of each byte; nil if the vocabulary has none.
    private let byteTokens: [Int32?]
    private let cuts: WordCuts
    private let addsSpacePrefix: Bool

    init(_ vocabulary: Vocabulary, texts: ByteStringTable) {
        self.texts = texts
        ranks = Self.ranks(vocabulary.scores.isEmpty ? Array(repeating: 0, count: texts.count) : vocabulary.scores)
        byteTokens = (0...255).map { texts.index(ofByte: $0) ?? texts.index(of: [$0]) }
        cuts = WordCuts(tokens: vocabulary.tokens)
        addsSpacePrefix = vocabulary.addsSpacePrefix
    }

    private static func ranks(_ scores: [Float]) -> [Int32] {
        var ranks = [Int32](repeating: 0, count: scores.count)
        var (rank, last): (Int32, Float?) = (-1, nil)
        for token in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
            if scores[token] != last { rank += 1 }
            last = scores[token]
            ranks[token] = rank
        }
        return ranks
    }

    /// Appends the text with U+2581 for spaces.
    func prepare(_ bytes: UnsafeBufferPointer<UInt8>, followsSpecial: Bool, to prepared: inout [UInt8]) {
        if addsSpacePrefix, followsSpecial { prepared += WordCuts.spaceMark }
        WordCuts.appendMarkingSpaces(bytes, to: &prepared)
    }

    func encode(
        _ range: Range<Int>,
        of text: UnsafeBufferPointer<UInt8>,
        memory: inout WordMemory,
        to output: inout [Int32]
    ) throws(TokenizerError) {
        var chain = MergeChain()
        var word = range.lowerBound..<range.lowerBound
        while word.upperBound < range.upperBound {
            word = word.upperBound..<cuts.endOfWord(at: word.upperBound, in: text, upTo: range.upperBound)
            try memory.encode(word, of: text, to: &output) { output throws(TokenizerError) in
                try encode(UnsafeBufferPointer(rebasing: text[word]), chain: &chain, to: &output)
            }
        }
    }

    private func encode(_ word: UnsafeBufferPointer<UInt8>, chain: inout MergeChain, to output: inout [Int32])
        throws(TokenizerError)
    {
        chain.removeAll()
        var start = 0
        while start < word.count {
            let end = min(start + sequenceLength(startingWith: word[start]), word.count)
            let token = texts.index(of: UnsafeBufferPointer(rebasing: word[start..<end]))
            chain.append(MergeChain.Symbol(start: start, end: end, number: token ?? -1))
            start = end
        }
        chain.merge(by: Rule(encoder: self, word: word))
        for symbol in chain.symbols {
            if symbol.number >= 0 {
                output.append(symbol.number)
                continue
            }
            for byte in word[symbol.start..<symbol.end] {
                guard let token = byteTokens[Int(byte)] else { throw .noTokenForByte(byte) }
                output.append(token)
            }
        }
    }

    private struct Rule: MergeRule {
        let encoder: SentencePieceEncoder
        let word: UnsafeBufferPointer<UInt8>

        func merge(_ left: MergeChain.Symbol, _ right: MergeChain.Symbol) -> (rank: Int32, result: Int32)? {
            let text = UnsafeBufferPointer(rebasing: word[left.start..<right.end])
            return encoder.texts.index(of: text).map { (encoder.ranks[Int($0)], $0) }
        }
    }
}
