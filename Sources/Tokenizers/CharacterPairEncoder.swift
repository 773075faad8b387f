/// Byte-pair encoding over characters, on texts in SentencePiece's form: spaces become U+2581, the neighbours with the
/// best merge rank join first, and characters without a token become tokens of their bytes.
///
/// As in llama.cpp for Gemma 4, lines are encoded one by one, and a run of newlines that is a token is kept whole.
/// Other models use another `CharacterPairRule`.
struct CharacterPairEncoder: TextEncoder {
    private let rule: CharacterPairRule
    /// Numbers for every text in the merges; tokens come first, so their numbers are their ids.
    private let texts: ByteStringTable
    private let tokenCount: Int32
    private let merges: MergeTable
    private let byteTokens: [Int32?]
    private let cuts: WordCuts

    /// - Throws: `TokenizerError` for a malformed merge.
    init(_ rule: CharacterPairRule = .gemma4, merges: [String], texts tokens: ByteStringTable) throws(TokenizerError) {
        self.rule = rule
        let (table, texts) = try MergeTable.numbered(merges, tokens: tokens)
        (self.merges, self.texts, tokenCount) = (table, texts, Int32(tokens.count))
        byteTokens = (0...255).map(tokens.index(ofByte:))
        cuts = WordCuts(texts: (0..<Int32(texts.count)).lazy.map { Array(texts[$0]) })
    }

    /// Appends the text with U+FFFD for every byte that is not UTF-8 and, if the rule marks spaces, U+2581 for spaces.
    func prepare(_ bytes: UnsafeBufferPointer<UInt8>, followsSpecial: Bool, to prepared: inout [UInt8]) {
        let start = prepared.count
        CodePoints.appendValid(bytes, to: &prepared)
        if rule.lowercases {
            let text = prepared[start...].withUnsafeBufferPointer { CodePoints($0) }
            prepared.removeSubrange(start...)
            for value in text.values { CodePoints.appendUTF8(of: LetterForms.lowercased(value), to: &prepared) }
        }
        guard rule.marksSpaces, prepared[start...].contains(0x20) else { return }
        let plain = Array(prepared[start...])
        prepared.removeSubrange(start...)
        WordCuts.appendMarkingSpaces(plain, to: &prepared)
    }

    func encode(
        _ range: Range<Int>,
        of text: UnsafeBufferPointer<UInt8>,
        memory: inout WordMemory,
        to output: inout [Int32]
    ) {
        var chain = MergeChain()
        var start = range.lowerBound
        while start < range.upperBound {
            let (end, isCut) = rule.segment(text, from: start, upTo: range.upperBound)
            if isCut, rule.dropsCuts {
                start = end
                continue
            }
            if isCut, rule.takesNewlines, let token = token(UnsafeBufferPointer(rebasing: text[start..<end])) {
                output.append(token)
                start = end
                continue
            }
            while start < end {
                let word = start..<cuts.endOfWord(at: start, in: text, upTo: end)
                memory.encode(word, of: text, to: &output) { output in
                    encode(UnsafeBufferPointer(rebasing: text[word]), chain: &chain, to: &output)
                }
                start = word.upperBound
            }
        }
    }

    private func token(_ text: UnsafeBufferPointer<UInt8>) -> Int32? {
        texts.index(of: text).flatMap { $0 < tokenCount ? $0 : nil }
    }

    private func encode(_ word: UnsafeBufferPointer<UInt8>, chain: inout MergeChain, to output: inout [Int32]) {
        chain.removeAll()
        var start = 0
        while start < word.count {
            let end = min(start + sequenceLength(startingWith: word[start]), word.count)
            let number = texts.index(of: UnsafeBufferPointer(rebasing: word[start..<end]))
            chain.append(MergeChain.Symbol(start: start, end: end, number: number ?? -1))
            start = end
        }
        chain.merge(by: self)
        for symbol in chain.symbols {
            if symbol.number >= 0, symbol.number < tokenCount {
                output.append(symbol.number)
            } else {
                for byte in word[symbol.start..<symbol.end] { byteTokens[Int(byte)].map { output.append($0) } }
            }
        }
    }
}

extension CharacterPairEncoder: MergeRule {
    func merge(_ left: MergeChain.Symbol, _ right: MergeChain.Symbol) -> (rank: Int32, result: Int32)? {
        merges.merge(left.number, right.number)
    }
}
