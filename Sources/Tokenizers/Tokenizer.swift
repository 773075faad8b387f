/// Turns text into the token ids of a model and back, exactly as llama.cpp does for the same vocabulary.
public struct Tokenizer: Sendable {
    private enum Encoder: Sendable {
        case sentencePiece(SentencePieceEncoder)
        case bytePair(BytePairEncoder)
    }

    public let vocabulary: Vocabulary
    /// Roles of tokens: those that the vocabulary names, and those recognised by their text.
    public let special: Vocabulary.SpecialTokens
    /// Tokens at which a model's reply ends.
    public let endsGeneration: Set<Int32>
    let attributes: [TokenAttributes]
    private let texts: ByteStringTable
    private let encoder: Encoder
    private let splitter: SpecialTokenSplitter

    public var tokenCount: Int { vocabulary.tokens.count }

    /// - Throws: `TokenizerError` when the vocabulary contradicts itself.
    public init(_ vocabulary: Vocabulary) throws(TokenizerError) {
        let vocabulary = try vocabulary.validated()
        let texts = try vocabulary.tokenTable()
        let derived = DerivedAttributes(vocabulary, texts: texts)
        self.vocabulary = vocabulary
        self.texts = texts
        special = derived.special
        endsGeneration = derived.endsGeneration
        attributes = derived.attributes
        splitter = SpecialTokenSplitter(tokens: vocabulary.tokens, attributes: derived.attributes)
        switch vocabulary.kind {
        case .sentencePiece:
            encoder = .sentencePiece(SentencePieceEncoder(scores: vocabulary.scores, texts: texts))
        case .byteLevelBPE:
            let rule = try PreTokenizer.named(vocabulary.preTokenizer)
            encoder = .bytePair(
                try BytePairEncoder(preTokenizer: rule, merges: vocabulary.merges, texts: texts)
            )
        }
    }

    /// The token ids of `text`.
    /// - Parameters:
    ///   - addSpecial: whether BOS and EOS are added where the vocabulary asks for them.
    ///   - parseSpecial: whether control tokens written out in the text become those tokens; user-defined ones always do.
    /// - Throws: `TokenizerError.noTokenForByte` for a vocabulary without byte tokens.
    public func encode(_ text: String, addSpecial: Bool = true, parseSpecial: Bool = false) throws(TokenizerError)
        -> [Int32]
    {
        try encode(utf8: Array(text.utf8), addSpecial: addSpecial, parseSpecial: parseSpecial)
    }

    /// The token ids of bytes that should be UTF-8; where they are not, each kind of vocabulary has its fallback.
    public func encode(utf8 bytes: [UInt8], addSpecial: Bool = true, parseSpecial: Bool = false) throws(TokenizerError)
        -> [Int32]
    {
        var output: [Int32] = []
        if addSpecial, vocabulary.addsBeginning, let beginning = special.beginning { output.append(beginning) }
        let fragments = bytes.withUnsafeBufferPointer { splitter.split($0, parseSpecial: parseSpecial) }
        var followsSpecial = true
        for fragment in fragments {
            switch fragment {
            case .token(let id):
                output.append(id)
                followsSpecial = true
            case .text(let range):
                try encode(bytes[range], followsSpecial: followsSpecial, to: &output)
                followsSpecial = false
            }
        }
        if addSpecial, vocabulary.addsEnd, let end = special.end { output.append(end) }
        return output
    }

    private func encode(_ bytes: ArraySlice<UInt8>, followsSpecial: Bool, to output: inout [Int32])
        throws(TokenizerError)
    {
        switch encoder {
        case .bytePair(let encoder):
            bytes.withUnsafeBufferPointer { encoder.encode($0, to: &output) }
        case .sentencePiece(let encoder):
            var escaped: [UInt8] = []
            escaped.reserveCapacity(bytes.count + bytes.count / 2 + 3)
            if vocabulary.addsSpacePrefix, followsSpecial { escaped += Self.spaceMark }
            for byte in bytes {
                if byte == 0x20 { escaped += Self.spaceMark } else { escaped.append(byte) }
            }
            let result = escaped.withUnsafeBufferPointer { buffer -> Result<[Int32], TokenizerError> in
                Result { () throws(TokenizerError) in
                    var tokens: [Int32] = []
                    try encoder.encode(buffer, texts: texts, to: &tokens)
                    return tokens
                }
            }
            output += try result.get()
        }
    }

    /// U+2581, which stands for a space inside SentencePiece tokens.
    static let spaceMark: [UInt8] = [0xe2, 0x96, 0x81]
}
