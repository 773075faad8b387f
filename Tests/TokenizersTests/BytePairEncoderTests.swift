import Testing
import Tokenizers

@Suite struct BytePairEncoderTests {
    private func vocabulary(preTokenizer: String = "gpt-2", without missing: Set<String> = []) -> Vocabulary {
        let alphabet = (0...255).map { String(decoding: ByteAlphabet.spell(CollectionOfOne(UInt8($0))), as: UTF8.self) }
        let tokens = (alphabet + ["ab", "abc", "Ġa", "ĠabZ", "<|x|>"]).filter { !missing.contains($0) }
        return Vocabulary(
            kind: .byteLevelBPE,
            preTokenizer: preTokenizer,
            tokens: tokens,
            types: tokens.map { $0 == "<|x|>" ? .control : .normal },
            merges: ["a b", "ab c", "Ġ a", "Ġa b"]
        )
    }

    private func texts(_ vocabulary: Vocabulary, _ bytes: [UInt8], parseSpecial: Bool = false) throws -> [String] {
        try Tokenizer(vocabulary).encode(utf8: bytes, parseSpecial: parseSpecial).map { vocabulary.tokens[Int($0)] }
    }

    @Test func theEarliestMergeJoinsFirst() throws {
        #expect(try texts(vocabulary(), Array("abc ab".utf8)) == ["abc", "Ġ", "ab"])
    }

    @Test func aWordThatIsATokenIsTakenWholeWhereTheRuleSaysSo() throws {
        #expect(try texts(vocabulary(), Array(" abZ".utf8)) == ["Ġ", "ab", "Z"])
        #expect(try texts(vocabulary(preTokenizer: "tekken"), Array(" abZ".utf8)) == ["Ġ", "ab", "Z"])
        #expect(try texts(vocabulary(preTokenizer: "llama-bpe"), Array(" abZ".utf8)) == ["ĠabZ"])
    }

    @Test func aMergeWithoutTokenFallsApartIntoBytesAndBytesWithoutTokenVanish() throws {
        #expect(try texts(vocabulary(without: ["abc"]), Array("abc".utf8)) == ["a", "b", "c"])
        #expect(try texts(vocabulary(without: ["z"]), Array("azb".utf8)) == ["a", "b"])
    }

    @Test func bytesThatAreNoTextBecomeReplacementCharactersOneByOne() throws {
        let replaced = ["ï", "¿", "½"]
        #expect(try texts(vocabulary(), [0x61, 0xff, 0xe2, 0x96]) == ["a"] + replaced + replaced + replaced)
    }

    @Test func specialTokensAreFoundWhereverTheyStand() throws {
        let ids = try texts(vocabulary(), Array("<|x|>a<|x|><|x|>b<|x".utf8), parseSpecial: true)
        #expect(ids == ["<|x|>", "a", "<|x|>", "<|x|>", "b", "<", "|", "x"])
    }

    /// Words are remembered within a text; that must not show.
    @Test func aLongTextBecomesTheTokensOfItsParts() throws {
        let tokenizer = try Tokenizer(vocabulary())
        let parts = (0..<3000).map { ["abc", " abc", " cab", " ba", " aab"][$0 * 7 % 5] + "\($0 % 97)" }
        let whole = try tokenizer.encode(parts.joined())
        #expect(whole == (try parts.flatMap { try tokenizer.encode($0) }))
    }
}
