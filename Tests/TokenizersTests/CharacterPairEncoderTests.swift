import Testing
import Tokenizers

@Suite struct CharacterPairEncoderTests {
    private func vocabulary(without missing: Set<String> = []) -> Vocabulary {
        let bytes = (0..<256).map { "<0x" + ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) + ">" }
        let texts = ["<bos>", "<|turn>", "<|\"|>", "a", "b", "ab", "▁", "▁▁", "▁ab", "é", "\n", "\n\n", "x", "</s>"]
        let tokens = (texts + bytes).filter { !missing.contains($0) }
        var vocabulary = Vocabulary(
            kind: .characterPairs,
            tokens: tokens,
            types: tokens.map {
                $0.hasPrefix("<0x") ? .byte : $0 == "<|\"|>" ? .userDefined : $0.hasPrefix("<") ? .control : .normal
            },
            merges: ["a b", "▁ ▁", "▁ ab", "b x"],
            addsBeginning: true
        )
        vocabulary.special.beginning = 0
        return vocabulary
    }

    private func texts(
        _ bytes: [UInt8],
        without missing: Set<String> = [],
        _ rule: String = "gemma4",
        drops: Bool = false
    ) throws -> [String] {
        var vocabulary = vocabulary(without: missing)
        (vocabulary.preTokenizer, vocabulary.dropsWhiteSpace) = (rule, drops)
        vocabulary.wordNormalization.lowercases = drops
        return try Tokenizer(vocabulary).encode(utf8: bytes, parseSpecial: true).map { vocabulary.tokens[Int($0)] }
    }

    @Test func mergesJoinCharactersAndTheMarkOfASpace() throws {
        #expect(try texts(Array("ab ab  a".utf8)) == ["<bos>", "ab", "▁ab", "▁▁", "a"])
    }

    @Test func runsOfNewlinesAreTakenWholeWhereTheyAreATokenAndElseOneByOne() throws {
        #expect(try texts(Array("a\n\nb\na".utf8)) == ["<bos>", "a", "\n\n", "b", "\n", "a"])
        #expect(try texts(Array("a\n\n\nb".utf8)) == ["<bos>", "a", "\n", "\n", "\n", "b"])
        #expect(try texts(Array("\n".utf8), without: ["\n"]) == ["<bos>", "<0x0A>"])
    }

    @Test func otherRulesTakeNewlinesOneByOneOrCutAtWhiteSpace() throws {
        #expect(try texts(Array("a\n\nb".utf8), "sarvam-moe") == ["<bos>", "a", "\n", "\n", "b"])
        #expect(try texts(Array("a ab".utf8), "sarvam-moe") == ["<bos>", "a", "▁ab"])
        #expect(try texts(Array("ab \nab".utf8), "whitespace") == ["<bos>", "ab", "<0x20>", "\n", "ab"])
        #expect(try texts(Array("ab ▁ab".utf8), "whitespace") == ["<bos>", "ab", "<0x20>", "▁ab"])
        #expect(try texts(Array("AB \n\u{a0}ab".utf8), "whitespace", drops: true) == ["<bos>", "ab", "ab"])
    }

    @Test func charactersWithoutATokenBecomeTheirBytesAndBytesWithoutATokenVanish() throws {
        #expect(try texts(Array("éè".utf8)) == ["<bos>", "é", "<0xC3>", "<0xA8>"])
        #expect(try texts(Array("è".utf8), without: ["<0xA8>"]) == ["<bos>", "<0xC3>"])
    }

    /// A merge may make a text that is no token.
    @Test func aMergeWithoutATokenFallsApartIntoBytes() throws {
        #expect(try texts(Array("bx".utf8)) == ["<bos>", "<0x62>", "<0x78>"])
    }

    @Test func bytesThatAreNoTextBecomeReplacementCharacters() throws {
        #expect(try texts([0x61, 0xff]) == ["<bos>", "a", "<0xEF>", "<0xBF>", "<0xBD>"])
    }

    @Test func tokensBecomeTextWithSpacesAndBytes() throws {
        let tokenizer = try Tokenizer(vocabulary())
        for text in ["ab ab  è\n", " a", "<|\"|>a"] {
            #expect(tokenizer.decode(try tokenizer.encode(text)) == text)
        }
    }

    @Test func wordsAreRememberedWithoutAChangeOfTheirTokens() throws {
        let tokenizer = try Tokenizer(vocabulary())
        let parts = (0..<3000).map { ["ab", " ab", "  ba", "\n", " è"][$0 * 7 % 5] + "x" }
        let whole = try tokenizer.encode(parts.joined(), addSpecial: false)
        #expect(whole == (try parts.flatMap { try tokenizer.encode($0, addSpecial: false) }))
    }
}
