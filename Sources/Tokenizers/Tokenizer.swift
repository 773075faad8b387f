/// Encodes text to a model's token ids and decodes them, exactly like llama.cpp with the same vocabulary.
public struct Tokenizer: Sendable {
    /// The vocabulary of the tokenizer.
    public let vocabulary: Vocabulary
    /// The tokens with roles: those that the vocabulary names, and those identified by their text.
    public let special: Vocabulary.SpecialTokens
    /// The tokens that end a model's reply.
    public let endsGeneration: Set<Int32>
    let attributes: [TokenAttributes]
    private let encoder: any TextEncoder
    private let splitter: SpecialTokenSplitter

    /// The number of tokens in the vocabulary.
    public var tokenCount: Int { vocabulary.tokens.count }

    /// - Throws: `TokenizerError` if the vocabulary contradicts itself.
    public init(_ vocabulary: Vocabulary) throws(TokenizerError) {
        let vocabulary = try vocabulary.validated()
        let texts = try vocabulary.tokenTable()
        let derived = DerivedAttributes(vocabulary, texts: texts)
        self.vocabulary = vocabulary
        special = derived.special
        endsGeneration = derived.endsGeneration
        attributes = derived.attributes
        splitter = SpecialTokenSplitter(tokens: vocabulary.tokens, attributes: derived.attributes)
        switch vocabulary.kind {
        case .sentencePiece:
            encoder = SentencePieceEncoder(vocabulary, texts: texts)
        case .byteLevelBPE:
            let rule = try PreTokenizer.named(vocabulary.preTokenizer)
            encoder = try BytePairEncoder(preTokenizer: rule, merges: vocabulary.merges, texts: texts)
        case .characterPairs:
            let rule = CharacterPairRule(vocabulary)
            encoder = try CharacterPairEncoder(rule, merges: vocabulary.merges, texts: texts)
        case .wordPiece:
            encoder = try WordPieceEncoder(vocabulary)
        case .unigram:
            encoder = try UnigramEncoder(vocabulary, attributes: derived.attributes)
        }
    }

    /// The token ids of `text`.
    /// - Parameters:
    ///   - addSpecial: whether to add BOS and EOS if the vocabulary asks for them.
    ///   - parseSpecial: whether control tokens written in the text become those tokens; user-defined ones always do.
    /// - Throws: `TokenizerError.noTokenForByte` for a vocabulary without byte tokens.
    public func encode(_ text: String, addSpecial: Bool = true, parseSpecial: Bool = false) throws(TokenizerError)
        -> [Int32]
    {
        try encode(utf8: Array(text.utf8), addSpecial: addSpecial, parseSpecial: parseSpecial)
    }

    /// The token ids of bytes that should be UTF-8; each kind of vocabulary has a fallback for invalid bytes.
    public func encode(utf8 bytes: [UInt8], addSpecial: Bool = true, parseSpecial: Bool = false) throws(TokenizerError)
        -> [Int32]
    {
        var output: [Int32] = []
        if addSpecial, vocabulary.addsBeginning, let beginning = special.beginning { output.append(beginning) }
        var prepared: [UInt8] = []
        let fragments = bytes.withUnsafeBufferPointer { bytes in
            prepare(splitter.split(bytes, parseSpecial: parseSpecial), of: bytes, to: &prepared)
        }
        var memory = WordMemory(textCount: prepared.count)
        try prepared.withUnsafeBufferPointer { (text: UnsafeBufferPointer<UInt8>) throws(TokenizerError) in
            for fragment in fragments {
                switch fragment {
                case .token(let id): output.append(id)
                case .text(let range): try encoder.encode(range, of: text, memory: &memory, to: &output)
                }
            }
        }
        if addSpecial, vocabulary.addsEnd, let end = vocabulary.ending { output.append(end) }
        return output
    }

    /// Converts fragments to the form that the encoder reads.
    private func prepare(
        _ fragments: [SpecialTokenSplitter.Fragment],
        of bytes: UnsafeBufferPointer<UInt8>,
        to prepared: inout [UInt8]
    ) -> [SpecialTokenSplitter.Fragment] {
        prepared.reserveCapacity(bytes.count)
        var followsSpecial = true
        return fragments.map { fragment in
            guard case .text(let range) = fragment else {
                followsSpecial = true
                return fragment
            }
            let start = prepared.count
            let text = UnsafeBufferPointer(rebasing: bytes[range])
            encoder.prepare(text, followsSpecial: followsSpecial, to: &prepared)
            followsSpecial = false
            return .text(start..<prepared.count)
        }
    }
}
