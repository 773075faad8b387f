/// Byte-level byte-pair encoding: inside each word the neighbours with the best merge rank join first.
///
/// Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016.
struct BytePairEncoder: TextEncoder {
    private let preTokenizer: PreTokenizer
    /// Numbers for every text in the merges; tokens come first, so their numbers are their ids.
    private let texts: ByteStringTable
    private let tokenCount: Int32
    private let merges: MergeTable
    /// The number of each byte's symbol; -1 if neither a token nor a merge contains it alone.
    private let byteNumbers: [Int32]
    /// The tokens that make up a symbol's text, for texts of merges that are not tokens.
    private let parts: [Int32: [Int32]]

    /// - Throws: `TokenizerError` for a malformed merge.
    init(preTokenizer: PreTokenizer, merges: [String], texts tokens: ByteStringTable) throws(TokenizerError) {
        self.preTokenizer = preTokenizer
        let (table, texts) = try MergeTable.numbered(merges, tokens: tokens)
        tokenCount = Int32(tokens.count)
        byteNumbers = (0...255).map { texts.index(of: ByteAlphabet.spell(CollectionOfOne($0))) ?? -1 }
        // As in the reference: those single bytes of the text that are tokens; the others are dropped.
        parts = Dictionary(
            uniqueKeysWithValues: (Int32(tokens.count)..<Int32(texts.count)).map { number in
                (number, texts[number].compactMap { tokens.index(of: CollectionOfOne($0)) })
            }
        )
        self.texts = texts
        self.merges = table
    }

    /// Appends the text with U+FFFD for every byte that is not UTF-8.
    func prepare(_ bytes: UnsafeBufferPointer<UInt8>, followsSpecial: Bool, to prepared: inout [UInt8]) {
        CodePoints.appendValid(bytes, to: &prepared)
    }

    func encode(
        _ range: Range<Int>,
        of text: UnsafeBufferPointer<UInt8>,
        memory: inout WordMemory,
        to output: inout [Int32]
    ) {
        var chain = MergeChain()
        var start = range.lowerBound
        preTokenizer.forEachWord(of: UnsafeBufferPointer(rebasing: text[range])) { count in
            let word = start..<(start + count)
            start += count
            memory.encode(word, of: text, to: &output) { output in
                encode(UnsafeBufferPointer(rebasing: text[word]), chain: &chain, to: &output)
            }
        }
    }

    private func encode(_ word: UnsafeBufferPointer<UInt8>, chain: inout MergeChain, to output: inout [Int32]) {
        if preTokenizer.takesWholeWords, let number = texts.index(of: ByteAlphabet.spell(word)), number < tokenCount {
            output.append(number)
            return
        }
        chain.removeAll()
        for (index, byte) in word.enumerated() {
            chain.append(MergeChain.Symbol(start: index, end: index + 1, number: byteNumbers[Int(byte)]))
        }
        chain.merge(by: self)
        for symbol in chain.symbols where symbol.number >= 0 {
            if symbol.number < tokenCount {
                output.append(symbol.number)
            } else {
                output += parts[symbol.number] ?? []
            }
        }
    }
}

extension BytePairEncoder: MergeRule {
    func merge(_ left: MergeChain.Symbol, _ right: MergeChain.Symbol) -> (rank: Int32, result: Int32)? {
        merges.merge(left.number, right.number)
    }
}
